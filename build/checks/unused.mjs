// Owns the check for what nothing uses: files, exports, dependencies. It can judge only when every program of the product is
// there, because everything is used from one of them; without one of them it fails and says which.
import { existsSync, readFileSync } from 'node:fs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

/** The programs that everything else is used from. */
const programs = JSON.parse(readFileSync(at('build', 'programs.json'), 'utf8'));

const name = 'nothing unused (knip)';

export const unusedCheck = {
  name,
  async run() {
    const absent = programs.filter((program) => !existsSync(at(program)));
    if (absent.length > 0) return [{ name, status: 'failed', ms: 0, detail: `these programs are missing: ${absent.join(', ')}` }];
    const result = await run(at('node_modules', '.bin', 'knip'), ['--no-progress'], { cwd: root, env: toolEnvironment({ NO_COLOR: '1' }) });
    return [{ name, status: result.code === 0 ? 'passed' : 'failed', ms: result.ms, detail: result.out + result.err }];
  },
};
