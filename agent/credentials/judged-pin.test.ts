/** A changed PIN that the server refused: undone once, however often that is told, and no later change with it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
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
const recorder = { note: () => {} } as unknown as Recorder;
const clock = { bootId: 'boot', bootMs: () => 10_000_000, wallMs: () => Date.parse('2030-06-01T10:00:00Z') };
const nothing = (): void => {};
const first = verifier.salt;

let folder = '';
let directory: StaffDirectory;
let outbox: Outbox;
let credentials: Credentials;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-judged-pin-'));
  directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  directory.replace(staff(), () => false);
  outbox = new Outbox(join(folder, 'outbox'), box, () => 100);
  credentials = new Credentials({
    identity: enrolled as unknown as SeatIdentity,
    directory,
    pins,
    memory: new SeatMemory(join(folder, 'memory'), box, clock),
    outbox,
    clock,
    recorder,
    log: { info: nothing, warn: nothing, error: nothing },
    sealingSeed,
    policy: () => null,
    trustedWallMs: clock.wallMs,
    leastPinDigits: () => 6,
    present: () => null,
    heldSession: () => null,
    dispatch: nothing,
    isClosed: () => true,
    isOnline: () => true,
    tell: nothing,
    changed: nothing,
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inForce = (): string => directory.pinOf('ada')?.salt ?? '';

/** Ada changes the PIN here. @returns the number by which the server will judge it */
async function changes(pin: string): Promise<number> {
  const made = await pinVerifier(pin);
  const sealed = credentials.people.sealVerifier('ada', made);
  if (sealed === null) throw new Error('this site takes no PIN');
  const number = outbox.add({ kind: 'pin', person: 'ada', former: inForce(), verifier: sealed });
  directory.changePin('ada', pins.keep(made));
  return number;
}

function judges(taken: number, refused: readonly number[]): void {
  const codes = refused.map((number) => ({ number, code: 'CREDENTIAL_PIN_CHANGED' }));
  credentials.people.take(answer(read(credentials.people.news()).nonce, { taken, refused: codes }));
}

test('is undone with every change that was made on top of it', async () => {
  const refused = [await changes('482915'), await changes('739164')];
  judges(refused[1] ?? 0, refused);
  expect(inForce()).toBe(first);
  expect(outbox.size).toBe(0);
});

test('is undone once: told again after a crash, it leaves the change that followed', async () => {
  const lost = await changes('482915');
  directory.undoPinChange('ada');
  // The agent died here, before the item went.
  const next = await changes('739164');
  const changed = inForce();
  judges(next, [lost]);
  expect(inForce()).toBe(changed);
});

test('that IT overtook leaves the change that was made from the PIN of IT', async () => {
  const late = await changes('482915');
  const desk = await pinVerifier('930281');
  directory.replace({ ...staff(), version: 8, persons: staff().persons.map((person) => ({ ...person, pin: desk })) }, () => true);
  const next = await changes('739164');
  const changed = inForce();
  expect(changed).not.toBe(desk.salt);
  judges(next, [late]);
  expect(inForce()).toBe(changed);
});
