/** Simulated seats against a real server: an outage of all of them at once costs no event and makes no double. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli, rows, type ServerProcess, startServer } from '../support/server-process.ts';

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-sim-'));
  server = await startServer(folder);
  await addNurse('ada', 'simulated-1');
  await addNurse('ben', 'simulated-2');
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test('seats that lose the network together come back with everything, once; state folder and process are found by the port', async () => {
  const people = ['--wards', '2', '--sign-ins', '240'];
  const compressed = ['--count', '6', ...people, '--rate', '2', '--minutes', '4.5', '--outage', '30', '--speed', '20'];
  const result: Record<string, number> = JSON.parse(await cli(['sim', 'seats', '--server', server.ready.seats, ...compressed, '--json']));
  expect(result).toMatchObject({ seats: 6, lost: 0, twice: 0, unacknowledged: 0, serverPid: server.ready.pid });
  const least = {
    events: 6 * 20,
    uploads: 6,
    anchors: 6,
    polls: 6,
    exchanges: 2 * 6,
    // Of each seat how far it enforces, and that it has its staff.
    reports: 2 * 6 - 1,
    signIns: 2 * 6,
    serverMiB: 1,
    serverPeakMiB: 1,
    serverCpuSeconds: 0,
    peakRatio: 0,
  };
  for (const [name, than] of Object.entries(least)) expect(result[name], name).toBeGreaterThan(than);
  // What was told of people was taken: each was last somewhere in their own ward, and their PIN was right.
  for (const [person, ward] of [
    ['ada', 'simulated-1'],
    ['ben', 'simulated-2'],
  ] as const) {
    for (const table of ['person_logins', 'right_pins'])
      expect(
        rows(server.state, `select ward_id from ${table} join seats using (workstation_id) where person_id = ?`, person),
        table,
      ).toEqual([{ ward_id: ward }]);
  }
});

async function addNurse(id: string, ward: string): Promise<void> {
  const who = ['--name', id, '--role', 'nurse', '--badge', `badge-${id}`, '--ward', ward];
  await cli(['staff', 'add', id, '--state', server.state, ...who, '--pin-stdin'], '805917');
}

test('people of which a ward has none are refused before anything is enrolled', async () => {
  const seats = ['sim', 'seats', '--server', server.ready.seats, '--count', '3', '--wards', '3', '--minutes', '0.1'];
  const before = rows(server.state, 'select * from seats').length;
  await expect(cli([...seats, '--sign-ins', '1'])).rejects.toThrow(/Nobody can come in at the seats of ward simulated-3/);
  expect(rows(server.state, 'select * from seats')).toHaveLength(before);
});

test('a number out of its bounds and an address that is not this machine are refused', async () => {
  for (const wrong of [
    ['--count', '0'],
    ['--count', '10001'],
    ['--speed', 'fast'],
    ['--minutes', ''],
    ['--wards', '11'],
    ['--sign-ins', '-1'],
    ['--minutes', '40', '--outage', '1800'],
  ])
    await expect(cli(['sim', 'seats', '--server', server.ready.seats, ...wrong])).rejects.toThrow(wrong[0]);
  await expect(cli(['sim', 'seats', '--server', 'https://192.0.2.1:1', '--state', server.state])).rejects.toThrow(/loopback/);
});

test("another site's folder, none, a wrong process and an address where nobody listens are refused with what to do", async () => {
  const second = await mkdtemp(join(folder, 'other-'));
  const other = await startServer(second);
  const seats = ['sim', 'seats', '--server', server.ready.seats];
  await expect(cli([...seats, '--state', other.state])).rejects.toThrow(
    /could not be enrolled.* by --state and --database.*ENROL_WRONG_SERVER/,
  );
  await other.stop();
  await expect(cli([...seats, '--state', join(folder, 'none')])).rejects.toThrow(
    /could not be enrolled.*There is no site in .*START_USAGE/,
  );
  await expect(cli([...seats, '--pid', '4194304'])).rejects.toThrow(/no process 4194304/);
  await expect(cli(['sim', 'seats', '--server', other.ready.seats])).rejects.toThrow(/Start the server first/);
});
