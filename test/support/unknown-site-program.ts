/**
 * A web server whose certificate comes from an authority that nobody knows. Takes a folder for that authority's files, prints its port, and
 * answers until it is ended. A program of its own, because end-to-end tests are compiled with the types of a browser.
 */
import { createServer } from 'node:https';
import { openAuthority } from '../../server/site/authority.ts';

const HOST = '127.0.0.1';

const [, , folder] = process.argv;
if (folder === undefined) throw new TypeError('Name a folder for the authority.');
const { authority } = await openAuthority(folder, 'unknown', Date.now());
const { key, certificate } = await authority.serverIdentity('unknown', [HOST], Date.now());
const server = createServer({ key, cert: certificate }, (_request, response) => response.end('<h1>never seen</h1>'));
server.listen(0, HOST, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  process.stdout.write(`${address.port}\n`);
});
