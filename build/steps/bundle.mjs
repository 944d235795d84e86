// Owns the step that builds what cannot run from source: the seat's screens and the console's pages, into out/. Must build again
// whenever a source changed and must leave no stamp behind when a build failed.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';
import { filesBelow, fingerprint } from '../lib/sources.mjs';

const stamp = at('out', 'stamp');

const builds = [
  {
    name: "the seat's screens",
    entries: ['main/index.ts', 'preload/index.ts', 'renderer/index.html'],
    program: 'electron-vite',
    args: ['build', '--logLevel', 'warn'],
  },
  {
    name: "the console's pages",
    entries: ['console/index.html'],
    program: 'vite',
    args: ['build', '-c', 'console.vite.config.ts', '--logLevel', 'warn'],
  },
];

/** What the builds read. */
const inputs = [
  'main',
  'preload',
  'renderer',
  'console',
  'contract',
  'core',
  'electron.vite.config.ts',
  'console.vite.config.ts',
  'package-lock.json',
];

const isInput = (file) => !/\.test\.tsx?$/.test(file);

export function bundleFingerprint() {
  return fingerprint(
    root,
    inputs.flatMap((input) => filesBelow(at(input), isInput)),
  );
}

export const bundleStep = {
  title: 'Build',
  async check() {
    return existsSync(stamp) && readFileSync(stamp, 'utf8') === bundleFingerprint() ? 'out/ is up to date' : undefined;
  },
  async perform(progress) {
    const before = bundleFingerprint();
    await rm(stamp, { force: true });
    const ready = builds.filter((build) => build.entries.every((entry) => existsSync(at(entry))));
    for (const build of ready) {
      progress(build.name);
      const result = await run(at('node_modules', '.bin', build.program), build.args, {
        cwd: root,
        env: toolEnvironment({ NO_COLOR: '1' }),
      });
      if (result.code !== 0) {
        throw new StartProblem(
          `Building ${build.name} failed.`,
          'Mend what is named above, then run the same command again.',
          tail(result.out + result.err),
        );
      }
    }
    await mkdir(at('out'), { recursive: true });
    await writeFile(stamp, before);
    const absent = builds
      .filter((build) => !ready.includes(build))
      .map((build) => `${build.name} (not all of ${build.entries.join(', ')} are there yet)`);
    return `built into out/${absent.length > 0 ? `, without ${absent.join(' and ')}` : ''}`;
  },
};
