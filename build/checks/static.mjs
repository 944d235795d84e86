// Owns the list of checks that read the source without running it. Each is one test: its tool's exit code decides.
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { importsCheck } from './imports.mjs';
import { typeChecks } from './types.mjs';
import { unusedCheck } from './unused.mjs';

/** A tool that ends with exit code 0 when all is well. */
function toolCheck(name, program, args) {
  return {
    name,
    async run() {
      const env = toolEnvironment({ NO_COLOR: '1', FORCE_COLOR: undefined });
      const result = await run(at('node_modules', '.bin', program), args, { cwd: root, env });
      return [{ name, status: result.code === 0 ? 'passed' : 'failed', ms: result.ms, detail: `${result.out}${result.err}` }];
    },
  };
}

export const staticChecks = [
  ...typeChecks,
  toolCheck('format and lint (biome)', 'biome', ['ci', '--colors=off', '--error-on-warnings', '--reporter=github', '.']),
  toolCheck('lint with types (oxlint, tsgolint)', 'oxlint', ['--type-aware', '--deny-warnings', '-f', 'unix']),
  importsCheck,
  unusedCheck,
];
