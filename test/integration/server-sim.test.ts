/** Simulated seats against a real server: an outage of all of them at once costs no event and makes no double. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, startServer } from '../support/server-process.ts';

test('seats that lose the network together come back with everything, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-sim-'));
  const server = await startServer(folder);
  try {
    const where = ['--server', server.ready.seats, '--state', server.state, '--pid', String(server.ready.pid)];
    const said = await cli(['sim', 'seats', ...where, '--count', '6', '--rate', '20', '--minutes', '0.1', '--outage', '2', '--json']);
    const result: { events: number; lost: number; twice: number; uploads: number; serverMiB: number } = JSON.parse(said);
    expect(result).toMatchObject({ lost: 0, twice: 0 });
    expect(result.events).toBeGreaterThan(6 * 20);
    expect(result.uploads).toBeGreaterThan(6);
    expect(result.serverMiB).toBeGreaterThan(0);
    await expect(cli(['sim', 'seats', '--server', 'https://192.0.2.1:1', '--state', server.state])).rejects.toThrow(/loopback/);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
