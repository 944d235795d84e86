// Owns the rule that each branch of core/audit is reached by its own unit tests. Must fail when coverage could not be measured.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';

const FOLDER = 'core/audit';

/** The line that vitest prints below a whole table: without it nothing was measured. */
const MEASURED = /^All files\s*\|\s*100\s*\|\s*100\s*\|\s*100\s*\|\s*100\s*\|/m;

export const coverageCheck = {
  name: `every branch of ${FOLDER} is tested (v8)`,
  async run() {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'wardlock-coverage-'));
    try {
      const args = [
        ...['run', '--project', 'unit', FOLDER, '--reporter=dot'],
        ...['--coverage.enabled', '--coverage.provider=v8', `--coverage.include=${FOLDER}/**`, '--coverage.exclude=**/*.test.ts'],
        ...['--coverage.thresholds.100', '--coverage.reporter=text', `--coverage.reportsDirectory=${folder}`],
      ];
      const env = toolEnvironment({ NO_COLOR: '1', FORCE_COLOR: undefined });
      const result = await run(at('node_modules', '.bin', 'vitest'), args, { cwd: root, env });
      const passed = result.code === 0 && MEASURED.test(result.out);
      return [{ name: this.name, status: passed ? 'passed' : 'failed', ms: result.ms, detail: tail(result.out + result.err, 80) }];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
