// Owns the checks that read the source without running it. Each is one test: its tool's exit code decides.

import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

/** A tool that is silent or ends with exit code 0 when all is well. */
export function toolCheck(name, program, args) {
  return {
    name,
    async run() {
      const result = await run(at('node_modules', '.bin', program), args, {
        cwd: root,
        env: toolEnvironment({ NO_COLOR: '1', FORCE_COLOR: undefined }),
      });
      const status = result.code === 0 ? 'passed' : 'failed';
      return [{ name, status, ms: result.ms, detail: `${result.out}${result.err}` }];
    },
  };
}

export const staticChecks = [
  toolCheck('types: the whole project (tsc)', 'tsc', ['-p', 'tsconfig.json']),
  toolCheck('format and lint (biome)', 'biome', ['ci', '--colors=off', '--error-on-warnings', '.']),
];
