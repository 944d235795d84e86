// Owns the type checks: one for everything that runs on Node, and one for each folder with a tsconfig.json of its own, whose
// narrower world (no Node, or a browser's) is the proof that its code needs no more.
import { existsSync } from 'node:fs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { filesBelow } from '../lib/sources.mjs';

/** What each project's world is. */
const projects = [
  ['.', 'everything that runs on Node'],
  ['core', 'core without Node, browser, clock or timers'],
  ['contract', 'contract without Node, browser, clock or timers'],
  ['renderer', 'the screens in a browser without Node'],
  ['console', 'the console in a browser without Node'],
  ['test/e2e', 'end-to-end tests'],
];

const hasSource = (folder) => filesBelow(at(folder), (file) => /\.tsx?$/.test(file) && !file.includes('node_modules')).length > 0;

export const typeChecks = projects.map(([folder, what]) => ({
  name: `types: ${what} (tsc)`,
  async run() {
    const name = `types: ${what} (tsc)`;
    if (folder !== '.' && !hasSource(folder)) return [{ name, status: 'skipped', ms: 0, detail: `${folder}/ holds no source yet` }];
    if (!existsSync(at(folder, 'tsconfig.json'))) return [{ name, status: 'failed', ms: 0, detail: `${folder}/tsconfig.json is missing` }];
    const result = await run(at('node_modules', '.bin', 'tsc'), ['-p', folder, '--pretty', 'false'], { cwd: root, env: toolEnvironment() });
    return [{ name, status: result.code === 0 ? 'passed' : 'failed', ms: result.ms, detail: result.out + result.err }];
  },
}));
