// `npm run package`: builds the unpacked folder of a seat with electron-builder. Must announce and mark a build that has the
// development fallback of Electron in it: it is never released.
import { existsSync } from 'node:fs';
import { bootstrap } from './bootstrap.mjs';
import { describeElectron, requireElectron } from './electron/place.mjs';
import { at, root, toolEnvironment } from './lib/paths.mjs';
import { run, tail } from './lib/run.mjs';
import { command, humanTime, line, StartProblem } from './lib/say.mjs';
import { isHelpOnly } from './lib/words.mjs';
import { writeManifest } from './package/manifest.mjs';
import { stageSeat } from './package/seat.mjs';
import { findNode } from './steps/node.mjs';

const about = `npm run package
  builds the unpacked folder of a seat, dist/linux-unpacked; docs/seat-package.md says what is in it
`;

await command(async () => {
  if (isHelpOnly(about, process.argv.slice(2))) return;
  const began = Date.now();
  await bootstrap('app');
  const electron = requireElectron();
  const packages = await stageSeat(at('dist', 'seat'), (await findNode()).path);
  line(`Staged the seat: Node, agent and ${packages.length} packages`);
  line(`Packaging with Electron ${describeElectron(electron)}`);
  const args = ['--dir', '--publish', 'never', '-c.electronDist=node_modules/electron/dist', `-c.electronVersion=${electron.version}`];
  const result = await run(at('node_modules', '.bin', 'electron-builder'), args, { cwd: root, env: toolEnvironment({ NO_COLOR: '1' }) });
  if (result.code !== 0)
    throw new StartProblem(
      'electron-builder failed.',
      'Mend what is named above, then run the same command again.',
      tail(result.out + result.err),
    );
  const unpacked = at('dist', 'linux-unpacked');
  // Other systems' packages have signatures of their own, and no agent yet.
  if (existsSync(unpacked)) line(`Listed ${writeManifest(unpacked, 'wardlock-kiosk')} files that the agent holds the screens to`);
  line(
    `The folder is below dist/ (${humanTime(Date.now() - began)})${electron.fallback ? '. NOT FOR RELEASE: the Electron in it is the development fallback.' : ''}`,
  );
});
