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
    const compressed = ['--count', '6', '--rate', '2', '--minutes', '1.5', '--outage', '30', '--speed', '20'];
    const result: Record<string, number> = JSON.parse(await cli(['sim', 'seats', ...where, ...compressed, '--json']));
    expect(result).toMatchObject({ seats: 6, lost: 0, twice: 0, unacknowledged: 0 });
    for (const [name, least] of Object.entries({ events: 6 * 20, uploads: 6, anchors: 6, serverPeakMiB: 1, peakRatio: 0 }))
      expect(result[name], name).toBeGreaterThan(least);
    for (const wrong of [
      ['--count', '0'],
      ['--count', '10001'],
      ['--speed', 'fast'],
      ['--minutes', ''],
    ])
      await expect(cli(['sim', 'seats', ...where, ...wrong])).rejects.toThrow(wrong[0]);
    await expect(cli(['sim', 'seats', '--server', 'https://192.0.2.1:1', '--state', server.state])).rejects.toThrow(/loopback/);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
