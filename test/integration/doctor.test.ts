/** What `doctor` says of a real seat at each step from the box to the ward: only what is so, with what to do about it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Result } from '../../contract/boundary.ts';
import { type CliBoundary, cliBoundary } from '../../contract/cli.ts';
import { connect } from '../../ipc/client.ts';
import { SeatProcess } from '../support/seat-process.ts';

type Check = Result<CliBoundary, 'doctor'>['checks'][number];

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
/** Long enough to be applied before. */
const EXPIRES_IN_MS = 4_000;

let seat: SeatProcess;

beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

async function examined(): Promise<ReadonlyMap<string, Check>> {
  const client = await connect({ boundary: cliBoundary, path: seat.socket('cli'), build: 'test', events: {} });
  try {
    const { checks } = await client.request('doctor', {});
    return new Map(checks.map((check) => [check.id, check]));
  } finally {
    client.close();
  }
}

test('a seat from the box is stopped by what is missing, and each of these says what to do', async () => {
  const checks = await examined();
  const stopping = [...checks.values()].filter(({ state }) => state === 'stop');
  expect(stopping.map(({ id }) => id)).toEqual(expect.arrayContaining(['enrolment', 'policy', 'staff']));
  for (const { id, state, todo } of checks.values()) if (state === 'stop' || state === 'warn') expect(todo, id).toMatch(/\w/u);
  expect(checks.get('pin-length')).toMatchObject({ state: 'unknown' });
  expect(checks.get('screens')).toMatchObject({ state: 'warn' });
  expect(checks.get('connection')).toMatchObject({ state: 'unknown', says: 'This seat has no site, so there is no server to connect to.' });
});

test('a furnished seat is right where it is right, and red about short PINs beside a key in a file', async () => {
  await seat.furnish([ada]);
  const screens = await seat.screens();
  const checks = await examined();
  for (const id of ['enrolment', 'policy', 'staff', 'record', 'screens', 'seat']) expect(checks.get(id), id).toMatchObject({ state: 'ok' });
  expect(checks.get('staff')).toMatchObject({ says: expect.stringMatching(/^1 people of ICU are known, version 1, as of 2/) });
  expect(checks.get('keys')).toMatchObject({ state: 'stop' });
  // The policy of this test allows four digits, and the seat's key lies in a file.
  expect(checks.get('pin-length')).toMatchObject({ state: 'stop', says: expect.stringContaining('4 digits') });
  screens.close();
  await screens.closed;
  await expect.poll(async () => (await examined()).get('screens')).toMatchObject({ state: 'warn' });
});

test('emergency access is promised only where the policy gives it', async () => {
  const expiresAt = new Date(Date.now() + EXPIRES_IN_MS).toISOString();
  const { breakGlass } = seat.site.document(1);
  await seat.furnish([ada], { expiresAt, breakGlass: { ...breakGlass, enabled: false } });
  const says = async (): Promise<string | undefined> => (await examined()).get('policy')?.says;
  await expect
    .poll(says, { timeout: 10 * EXPIRES_IN_MS })
    .toBe('Policy 1 has expired: nobody can sign in, and this policy gives no emergency access.');
});
