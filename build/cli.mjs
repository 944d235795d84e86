// `npm run -s cli -- COMMAND`: the command line, with nothing printed before it when all is in place.
import { existsSync } from 'node:fs';
import { bootstrap } from './bootstrap.mjs';
import { at, toolEnvironment } from './lib/paths.mjs';
import { handOver } from './lib/run.mjs';
import { command, StartProblem } from './lib/say.mjs';
import { findNode } from './steps/node.mjs';

const program = at('cli', 'main.ts');

await command(async () => {
  await bootstrap('tools', { quiet: true });
  if (!existsSync(program))
    throw new StartProblem('There is no command line in this checkout yet (cli/main.ts).', 'Update the checkout: git pull');
  // npm changes to the checkout's folder; files that a person names are meant where that person is.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  return handOver((await findNode()).path, [program, ...process.argv.slice(2)], { cwd, env: toolEnvironment() });
});
