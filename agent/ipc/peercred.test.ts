import { chmod, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { peerCredentials, processCgroup, selfTestPeerCredentials } from './peercred.ts';
import { trustSocket } from './socket-trust.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wl-peercred-'));
  folders.push(folder);
  return join(folder, 'a.sock');
}

describe.skipIf(process.platform !== 'linux')('peer credentials', () => {
  test('the self-test finds its own process', async () => {
    await expect(selfTestPeerCredentials()).resolves.toBeUndefined();
  });

  test('a socket that was never connected tells nothing, and that is an error', () => {
    expect(() => peerCredentials(new net.Socket())).toThrow(expect.objectContaining({ code: 'IPC_PEER_UNKNOWN' }));
  });

  test('a TCP connection is not a local peer', async () => {
    const { promise, resolve } = Promise.withResolvers<net.Socket>();
    const server = net.createServer(resolve);
    const port = await new Promise<number>((done) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const client = net.connect(port, '127.0.0.1').resume();
    const socket = await promise;
    expect(() => peerCredentials(socket)).toThrow(expect.objectContaining({ code: 'IPC_PEER_UNKNOWN' }));
    socket.destroy();
    client.destroy();
    await new Promise((done) => server.close(done));
  });

  test('the socket that the agent serves is trusted by its owner and by nobody who expects another', async () => {
    const path = await socketPath();
    const server = net.createServer();
    await new Promise<void>((done) => server.listen(path, done));
    const me = process.geteuid?.() ?? -1;
    await chmod(path, 0o666);
    expect(trustSocket(path, me)).toEqual({ trusted: false, reason: 'world-writable' });
    await chmod(path, 0o600);
    expect(trustSocket(path, me)).toEqual({ trusted: true });
    expect(trustSocket(path, me + 1)).toEqual({ trusted: false, reason: 'foreign-owner' });
    await new Promise((done) => server.close(done));
  });

  test('the cgroup of this process is a path, that of no process is not known', async () => {
    expect(await processCgroup(process.pid)).toMatch(/^\//u);
    expect(await processCgroup(2 ** 22 + 1)).toBeUndefined();
  });
});
