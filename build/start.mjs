// `npm start`: prepares the checkout, then hands over to the demo clinic. Arguments go through: npm start -- --once --state DIR
import { existsSync } from 'node:fs';
import { bootstrap } from './bootstrap.mjs';
import { at, root, toolEnvironment } from './lib/paths.mjs';
import { handOver } from './lib/run.mjs';
import { command, StartProblem } from './lib/say.mjs';
import { findNode } from './steps/node.mjs';

const demo = at('demo', 'main.ts');

await command(async () => {
  await bootstrap('app');
  if (!existsSync(demo))
    throw new StartProblem('There is no demo clinic in this checkout yet (demo/main.ts).', 'Update the checkout: git pull');
  return handOver((await findNode()).path, [demo, ...process.argv.slice(2)], { cwd: root, env: toolEnvironment() });
});
