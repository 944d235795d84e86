// `npm run ready`: brings the checkout to the point where commands can run, and nothing else.
import { bootstrap } from './bootstrap.mjs';
import { command } from './lib/say.mjs';

await command(async () => {
  await bootstrap('app');
});
