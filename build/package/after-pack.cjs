// electron-builder's last step before it signs or compresses. Removes the program inside Electron that opens any app named on its
// command line, and marks a build that must not leave the developer's machine.
const { existsSync } = require('node:fs');
const { rm, writeFile } = require('node:fs/promises');
const path = require('node:path');

exports.default = async function afterPack(context) {
  const resources = context.packager.getResourcesDir(context.appOutDir);
  await rm(path.join(resources, 'default_app.asar'), { force: true });
  const mark = path.join(context.appOutDir, 'wardlock-fallback');
  if (!existsSync(mark)) return;
  await rm(mark);
  await writeFile(
    path.join(context.appOutDir, 'NOT-FOR-RELEASE.txt'),
    'Built with an old Electron that is a development fallback. For looking at on this machine; never install it on a seat.\n',
  );
};
