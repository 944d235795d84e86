/** A whole hospital group offline for half an hour, in compressed time: a thousand seats with the syncer's own lanes, and the people who stand at them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, startServer } from '../support/server-process.ts';

const WARDS = 40;
const PEOPLE_OF_A_WARD = 10;
/** Four simulated seconds in a real one; of each seat 5,000 events a day, and four people who come in in an hour. */
const LOAD = ['--count', '1000', '--wards', String(WARDS), '--rate', '0.0579', '--sign-ins', '4'];
const TIME = ['--minutes', '60', '--outage', '1800', '--speed', '4'];

const TOO_BUSY = 'this machine could not keep up before the outage, so the comparison says nothing: try again with little else running';

test('fault 50: 1,000 seats come back from 30 minutes offline: 0 lost, 0 twice, no more than twice the requests of before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-outage-'));
  const server = await startServer(folder);
  try {
    const staff = join(folder, 'staff.json');
    await writeFile(staff, JSON.stringify({ staff: Array.from({ length: WARDS }, (_, at) => peopleOf(at + 1)).flat() }));
    await cli(['staff', 'import', staff, '--state', server.state]);
    const where = ['--server', server.ready.seats, '--state', server.state, '--pid', String(server.ready.pid)];
    const played = await cli(['sim', 'seats', ...where, ...LOAD, ...TIME, '--json'], '', (said) => void process.stderr.write(said));
    process.stderr.write(played);
    const result: Record<string, number> = JSON.parse(played);
    expect(result).toMatchObject({ seats: 1000, lost: 0, twice: 0, unacknowledged: 0 });
    expect(result['events']).toBeGreaterThan(100_000);
    expect(result['signIns']).toBeGreaterThan(2000);
    // Each that is told makes its ward ask.
    expect(result['exchanges']).toBeGreaterThan(10_000);
    expect(result['steadyRefused'], TOO_BUSY).toBeLessThanOrEqual(0.05);
    expect(result['peakRatio']).toBeLessThanOrEqual(2);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 3_600_000);

function peopleOf(ward: number): object[] {
  return Array.from({ length: PEOPLE_OF_A_WARD }, (_, at) => ({
    id: `w${ward}.${at}`,
    displayName: `Person ${at} of ward ${ward}`,
    givenName: 'Person',
    role: 'nurse',
    badges: [`w${ward}x${at}`],
    wards: [`simulated-${ward}`],
    pin: '805917',
  }));
}
