/** What is said where a port can't be had, with what the system really says. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listenRefusal } from './listen-refusal.ts';

/** What listening there fails with. */
async function refusalOf(host: string, port: number): Promise<unknown> {
  const server = createServer();
  const failed = once(server, 'error');
  server.listen(port, host, () => server.close());
  const [cause]: unknown[] = await failed;
  return listenRefusal(cause, { host, port, option: '--listen-seats' });
}

test('a port that is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const bound = other.address();
  const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
  try {
    expect(await refusalOf('127.0.0.1', port)).toMatchObject({
      code: 'SERVER_LISTEN_FAILED',
      message: `Port ${port} of 127.0.0.1 is taken by another program, perhaps by this server, running already. End that one, or name another port with --listen-seats.`,
    });
  } finally {
    other.close();
  }
});

test('an address of another machine', async () => {
  // TEST-NET-1 (RFC 5737): nobody's.
  expect(await refusalOf('192.0.2.1', 0)).toMatchObject({
    message: 'This machine has no address 192.0.2.1. Name one of its own with --listen-seats; 0.0.0.0 stands for all of them.',
  });
});

test.each([
  ['EACCES', "ports below 1024 are root's"],
  ['ENOTFOUND', 'no name that this machine knows'],
  ['EMFILE', 'The system refused to listen on port 443 of here: too many.'],
])('%s', (code, words) => {
  const cause = Object.assign(new Error('too many'), { code });
  expect(listenRefusal(cause, { host: 'here', port: 443, option: '--listen-console' }).message).toContain(words);
});
