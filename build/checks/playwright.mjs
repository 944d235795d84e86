// Owns running the end-to-end tests and turning Playwright's report into outcomes. Files with a failure run once more, alone.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';
import { withSecondTry } from './second-try.mjs';

/** What Playwright calls the end of a test. It tries nothing again itself; if it did, that would be a failure here. */
const statusOf = { expected: 'passed', skipped: 'skipped', unexpected: 'failed', flaky: 'failed' };

function outcomesOf(suite, above) {
  const names = [...above, suite.title].filter(Boolean);
  const own = (suite.specs ?? []).flatMap((spec) =>
    spec.tests.map((test) => ({
      name: `e2e: ${[...names, spec.title].join(' > ')}`,
      status: statusOf[test.status] ?? 'failed',
      ms: test.results.reduce((sum, result) => sum + result.duration, 0),
      detail: [
        ...test.annotations.filter((note) => note.type === 'skip').map((note) => note.description ?? ''),
        ...test.results.flatMap((result) => (result.errors ?? []).map((error) => error.message ?? '')),
      ].join('\n'),
    })),
  );
  return [...own, ...(suite.suites ?? []).flatMap((inner) => outcomesOf(inner, names))];
}

/** @param {'e2e' | 'deep'} project of playwright.config.ts */
export const playwrightCheck = (project) => ({
  name: `playwright ${project}`,
  run: async () => withSecondTry(await runProject(project, []), (files) => runProject(project, files)),
});

/**
 * @param {'e2e' | 'deep'} project
 * @param {readonly string[]} files none for all of the project
 */
async function runProject(project, files) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wardlock-playwright-'));
  try {
    const file = path.join(folder, 'report.json');
    const env = toolEnvironment({ PLAYWRIGHT_JSON_OUTPUT_FILE: file, NO_COLOR: '1', FORCE_COLOR: undefined });
    const args = ['test', `--project=${project}`, '--reporter=json', ...files.map(asPattern)];
    const result = await run(at('node_modules', '.bin', 'playwright'), args, { cwd: root, env });
    const report = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
    const outcomes = (report?.suites ?? []).flatMap((suite) => outcomesOf(suite, []));
    const explained = outcomes.some((outcome) => outcome.status === 'failed');
    if (report === undefined || (result.code !== 0 && !explained)) {
      const errors = (report?.errors ?? []).map((error) => error.message).join('\n');
      const detail = errors || tail(result.out + result.err, 80);
      outcomes.push({ name: `playwright ${project} itself`, status: 'failed', ms: result.ms, detail });
    }
    return outcomes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Playwright takes patterns, and `ui.spec.ts` would be `kiosk-ui.spec.ts` as well. */
function asPattern(file) {
  return `(^|/)${file.replaceAll('.', '\\.')}$`;
}
