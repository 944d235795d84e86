/** When and where somebody was signed in last: the later one of what this seat remembers and of what the server told. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { SeatMemory } from '../state/memory.ts';
import { Credentials } from './credentials.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox } from './outbox.ts';
import { PinCheck } from './pin.ts';
import { answer, enrolled, read, sealingSeed, staff, verifier } from './test-site.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const pins = new PinCheck(randomBytes(32));
const identity = enrolled as unknown as SeatIdentity;
const recorder = { note: () => {} } as unknown as Recorder;
const now = Date.parse('2030-06-01T10:00:00Z');
const clock = { bootId: 'boot', bootMs: () => 10_000_000, wallMs: () => now };
const nothing = (): void => {};
const HERE = { at: '2030-06-01T09:30:00.000Z', seatName: 'Bay 4' };
const MINUTE_MS = 60_000;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-last-login-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Opened {
  readonly credentials: Credentials;
  readonly memory: SeatMemory;
}

/** The seat as it comes up from what lies in the folder. */
function opened(): Opened {
  const memory = new SeatMemory(join(folder, 'memory'), box, clock);
  const directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  if (directory.current === null) directory.replace(staff(), () => false);
  const credentials = new Credentials({
    identity,
    directory,
    pins,
    memory,
    outbox: new Outbox(join(folder, 'outbox'), box, () => 100),
    clock,
    recorder,
    log: { info: nothing, warn: nothing, error: nothing },
    sealingSeed,
    policy: () => null,
    trustedWallMs: () => now,
    leastPinDigits: () => 6,
    present: () => null,
    heldSession: () => null,
    dispatch: nothing,
    isClosed: () => true,
    isOnline: () => true,
    tell: nothing,
    changed: nothing,
  });
  return { credentials, memory };
}

/** The server tells that Ada's PIN was right so many minutes ago at that seat. */
function tells({ credentials: { people } }: Opened, minutesAgo: number, seatName = 'Bay 1'): void {
  const right = { agoMs: minutesAgo * MINUTE_MS, seatName };
  const persons = [{ person: 'ada', pin: verifier.salt, failuresElsewhere: 0, right }];
  expect(people.take(answer(read(people.news()).nonce, { persons })).taken).toBe(true);
}

test('is nowhere while nobody knows of any', () => {
  const { credentials, memory } = opened();
  memory.setLastLogin('ben', HERE);
  expect(credentials.lastLogin('ada')).toBeNull();
});

test('is here while the server told of none elsewhere, also after a restart', () => {
  opened().memory.setLastLogin('ada', HERE);
  expect(opened().credentials.lastLogin('ada')).toEqual(HERE);
});

test('is elsewhere for whoever was never here', () => {
  const seat = opened();
  tells(seat, 20);
  expect(seat.credentials.lastLogin('ada')).toEqual({ at: '2030-06-01T09:40:00.000Z', seatName: 'Bay 1' });
});

test.each([
  ['elsewhere, where that was later', 20, 'Bay 1'],
  ['here, where this was later', 40, 'Bay 4'],
  ['here, where both were at the same time', 30, 'Bay 4'],
])('of somebody who was at both is %s', (_where, minutesAgo, seatName) => {
  const seat = opened();
  seat.memory.setLastLogin('ada', HERE);
  tells(seat, minutesAgo);
  expect(seat.credentials.lastLogin('ada')?.seatName).toBe(seatName);
});

test('is what this seat remembers, where the server tells of this very seat', () => {
  const seat = opened();
  seat.memory.setLastLogin('ada', HERE);
  tells(seat, 1, 'Bay 4');
  expect(seat.credentials.lastLogin('ada')).toEqual(HERE);
});

test('elsewhere is not known any more once the agent starts anew: its boot clock is all that dates it', () => {
  const seat = opened();
  seat.memory.setLastLogin('ada', HERE);
  tells(seat, 20);
  expect(opened().credentials.lastLogin('ada')).toEqual(HERE);
});
