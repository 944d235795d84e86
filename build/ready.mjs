// `npm run ready`: brings the checkout to the point where commands can run, and nothing else.
import { bootstrap } from './bootstrap.mjs';
import { command } from './lib/say.mjs';
import { isHelpOnly } from './lib/words.mjs';

const about = `npm run ready
  brings the checkout to the point where its commands can run: packages, Node, Electron, the build
`;

await command(async () => {
  if (isHelpOnly(about, process.argv.slice(2))) return;
  await bootstrap('app');
});
