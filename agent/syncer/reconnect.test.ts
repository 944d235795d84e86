/** The syncer against an agent that cuts every greeting, over a real socket. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSyncer } from './compose.ts';

/** Long enough for two attempts of the same moment to meet. */
const HELD_MS = 50;
const ATTEMPTS = 4;

let folder = '';
let agent: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-reconnect-'));
  mkdirSync(join(folder, 'run'));
  chmodSync(join(folder, 'run'), 0o700);
});
afterEach(async () => {
  await new Promise((resolve) => agent.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('an agent that cuts the greeting is asked again by one attempt at a time', async () => {
  let open = 0;
  let most = 0;
  let came = 0;
  const enough = Promise.withResolvers<void>();
  agent = createServer((socket) => {
    open += 1;
    came += 1;
    most = Math.max(most, open);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open -= 1;
    });
    socket.once('data', () => setTimeout(() => socket.destroy(), HELD_MS));
    if (came === ATTEMPTS) enough.resolve();
  });
  await new Promise<void>((resolve) => agent.listen(join(folder, 'run', 'sync.sock'), resolve));
  chmodSync(join(folder, 'run', 'sync.sock'), 0o600);
  const syncer = startSyncer({ stateFolder: folder });
  await enough.promise;
  syncer.close();
  expect(most).toBe(1);
});
