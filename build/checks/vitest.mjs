// Owns running vitest and turning its report into outcomes. Must count what vitest could not even load as failed.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';
import { filesBelow } from '../lib/sources.mjs';
import { withSecondTry } from './second-try.mjs';

/** True when the project's folder holds a test; unit tests stand everywhere. */
function hasTests(project) {
  return project === 'unit' || filesBelow(at('test', project), (file) => file.endsWith('.test.ts')).length > 0;
}

/**
 * Runs one project of vitest.config.ts.
 *
 * @param {string} project
 * @param {{secondTry?: boolean, tells?: boolean}} [options] whether files with a failure run once more, alone; whether each test is
 *   named when it begins and ends, with what it says meanwhile of how far it is
 */
export function vitestCheck(project, { secondTry = false, tells = false } = {}) {
  const name = `vitest ${project}`;
  return {
    name,
    async run() {
      if (!hasTests(project)) return [{ name, status: 'failed', ms: 0, detail: `test/${project} holds no test` }];
      const outcomes = await runProject(project, [], tells);
      return secondTry ? withSecondTry(outcomes, (files) => runProject(project, files, tells)) : outcomes;
    },
  };
}

/**
 * @param {string} project
 * @param {readonly string[]} files none for all of the project
 * @param {boolean} tells
 */
async function runProject(project, files, tells) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wardlock-vitest-'));
  try {
    const file = path.join(folder, 'report.json');
    const args = ['run', '--project', project, `--reporter=${at('build', 'checks', 'vitest-reporter.mjs')}`, ...files];
    const tell = tells ? { WARDLOCK_TELL: '1' } : {};
    const env = toolEnvironment({ WARDLOCK_REPORT: file, ...tell, NO_COLOR: '1', FORCE_COLOR: undefined });
    const heard = tells ? { hear: (/** @type {string} */ text) => void process.stderr.write(text) } : {};
    const result = await run(at('node_modules', '.bin', 'vitest'), args, { cwd: root, env, ...heard });
    const report = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
    const outcomes = (report ?? []).map((outcome) => ({ ...outcome, name: `${project}: ${outcome.name}` }));
    const explained = outcomes.some((outcome) => outcome.status === 'failed');
    if (report === undefined || (result.code !== 0 && !explained)) {
      outcomes.push({ name: `vitest ${project} itself`, status: 'failed', ms: result.ms, detail: tail(result.out + result.err, 80) });
    }
    return outcomes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
