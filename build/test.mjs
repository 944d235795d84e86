// `npm test`, `npm run test:deep`, `npm run test:long`: prepares the checkout, runs every runner of that suite and
// writes one results file for all of them. Must end with exit code 1 when a single test failed or none ran.
import { rm } from 'node:fs/promises';
import { bootstrap } from './bootstrap.mjs';
import { coverageCheck } from './checks/coverage.mjs';
import { count, countLine, printFailures, runChecks, writeResults } from './checks/outcome.mjs';
import { playwrightCheck } from './checks/playwright.mjs';
import { staticChecks } from './checks/static.mjs';
import { vitestCheck } from './checks/vitest.mjs';
import { withKernelSettingsKept } from './lib/kernel-settings.mjs';
import { at } from './lib/paths.mjs';
import { command, humanTime, line } from './lib/say.mjs';
import { isHelpOnly } from './lib/words.mjs';

const suites = {
  test: {
    results: '.ci/results.json',
    checks: [
      staticChecks,
      vitestCheck('unit'),
      coverageCheck,
      vitestCheck('architecture'),
      vitestCheck('integration', { secondTry: true }),
      playwrightCheck('e2e'),
    ],
  },
  deep: { results: '.ci/results-deep.json', checks: [vitestCheck('deep', { secondTry: true }), playwrightCheck('deep')] },
  long: { results: '.ci/results-long.json', checks: [vitestCheck('long', { tells: true })] },
};

const about = `node build/test.mjs [SUITE]
  test   what npm test runs: types, lint, format, dead code, unit, architecture, integration and end-to-end tests
  deep   what npm run test:deep runs: slower tests, among them every screen in a real window
  long   what npm run test:long runs: faults and power cuts repeated at length
Each writes one results file: ${Object.values(suites)
  .map(({ results }) => results)
  .join(', ')}.
One file: npx vitest run --project unit FILE (or integration, architecture, deep), npx playwright test --project=e2e NAME.
`;

await command(async () => {
  // Npm puts the suite first: npm test -- --help comes as test --help, and must not begin ten minutes of tests.
  const [name = 'test', ...words] = process.argv.slice(2);
  if (isHelpOnly(about, Object.hasOwn(suites, name) ? words : [name, ...words])) return 0;
  const began = Date.now();
  const suite = suites[name];
  const file = at(suite.results);
  await rm(file, { force: true });
  await bootstrap('app');
  const outcomes = await withKernelSettingsKept(() => runChecks(suite.checks));
  await writeResults(file, outcomes);
  printFailures(outcomes);
  const sum = count(outcomes);
  line(`\n${countLine(sum)} in ${humanTime(Date.now() - began)}; all of them by name: ${suite.results}`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
});
