/** A whole hospital group offline for half an hour, in compressed time: a thousand seats with the syncer's own lanes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, startServer } from '../support/server-process.ts';

/** Five simulated seconds in a real one; 5,000 events a day of each seat. */
const FLEET = ['--count', '1000', '--rate', '0.0579', '--minutes', '60', '--outage', '1800', '--speed', '5'];

test('fault 50: 1,000 seats come back from 30 minutes offline: 0 lost, 0 twice, no more than twice the requests of before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-outage-'));
  const server = await startServer(folder);
  try {
    const where = ['--server', server.ready.seats, '--state', server.state, '--pid', String(server.ready.pid)];
    const result: Record<string, number> = JSON.parse(await cli(['sim', 'seats', ...where, ...FLEET, '--json']));
    expect(result).toMatchObject({ seats: 1000, lost: 0, twice: 0, unacknowledged: 0 });
    expect(result['events']).toBeGreaterThan(100_000);
    // Else the machine could not keep up, and the comparison says nothing.
    expect(result['steadyRefused']).toBeLessThanOrEqual(0.05);
    expect(result['peakRatio']).toBeLessThanOrEqual(2);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 3_600_000);
