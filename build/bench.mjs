// `npm run bench -- SUITE [--json]`: prepares the checkout, then runs one suite of benchmarks. Steps go to standard error, so that
// `--json` leaves one array on standard output and nothing else.
import { bootstrap } from './bootstrap.mjs';
import { at, root, toolEnvironment } from './lib/paths.mjs';
import { handOver } from './lib/run.mjs';
import { command } from './lib/say.mjs';
import { findNode } from './steps/node.mjs';

await command(async () => {
  await bootstrap('app', { quiet: true });
  return handOver((await findNode()).path, [at('test', 'bench', 'run.ts'), ...process.argv.slice(2)], {
    cwd: root,
    env: toolEnvironment(),
  });
});
