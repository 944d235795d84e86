// Owns the type checks: one for everything that runs on Node, and one for each folder with a tsconfig.json of its own, whose
// narrower world (no Node, or a browser's) is the proof that its code needs no more.
import { existsSync } from 'node:fs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

/** What each project's world is. */
const projects = /** @type {const} */ ([
  ['.', 'everything that runs on Node'],
  ['build', 'the scripts of build/'],
  ['core', 'core without Node, browser, clock or timers'],
  ['contract', 'contract without Node, browser, clock or timers'],
  ['renderer', 'the screens in a browser without Node'],
  ['console', 'the console in a browser without Node'],
  ['renderer/tsconfig.tests.json', 'tests of the screens'],
  ['console/tsconfig.tests.json', 'tests of the console'],
  ['test/e2e', 'end-to-end tests'],
]);

/** Checks run side by side already, and each further checker works out the schemas' types anew: half the work is saved. */
const ONE_CHECKER = ['--checkers', '1'];

/** The configuration itself says which files it takes: an empty list is a check of nothing. */
async function filesOf(project) {
  const listed = await run(at('node_modules', '.bin', 'tsc'), ['-p', project, '--listFilesOnly'], { cwd: root, env: toolEnvironment() });
  return listed.out.split('\n').filter((file) => file.startsWith(root) && !file.includes('/node_modules/') && !file.endsWith('.d.ts'));
}

export const typeChecks = projects.map(([project, what]) => {
  const name = `types: ${what} (tsc)`;
  return {
    name,
    async run() {
      if (!existsSync(at(project))) return [{ name, status: 'failed', ms: 0, detail: `${project} is missing` }];
      if ((await filesOf(project)).length === 0) return [{ name, status: 'failed', ms: 0, detail: `${project} takes no file` }];
      const result = await run(at('node_modules', '.bin', 'tsc'), ['-p', project, '--pretty', 'false', ...ONE_CHECKER], {
        cwd: root,
        env: toolEnvironment(),
      });
      return [{ name, status: result.code === 0 ? 'passed' : 'failed', ms: result.ms, detail: result.out + result.err }];
    },
  };
});
