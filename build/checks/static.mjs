// Owns the list of checks that read the source without running it. Each is one test: its tool's exit code decides.
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { importsCheck } from './imports.mjs';
import { typeChecks } from './types.mjs';
import { unusedCheck } from './unused.mjs';

/** A tool that ends with exit code 0 when all is well. */
function toolCheck(name, program, args, more = {}) {
  return {
    name,
    async run() {
      const env = toolEnvironment({ NO_COLOR: '1', FORCE_COLOR: undefined, ...more });
      const result = await run(at('node_modules', '.bin', program), args, { cwd: root, env });
      return [{ name, status: result.code === 0 ? 'passed' : 'failed', ms: result.ms, detail: `${result.out}${result.err}` }];
    },
  };
}

/** Go's threads: several checkers would each work out the schemas' types anew, beside the type checks that run at the same time. */
const ONE_THREAD = { GOMAXPROCS: '1' };

/** The longest first: two run at a time. */
export const staticChecks = [
  toolCheck('lint with types (oxlint, tsgolint)', 'oxlint', ['--type-aware', '--deny-warnings', '-f', 'unix'], ONE_THREAD),
  ...typeChecks,
  toolCheck('format and lint (biome)', 'biome', ['ci', '--colors=off', '--error-on-warnings', '--reporter=github', '.']),
  importsCheck,
  unusedCheck,
];
