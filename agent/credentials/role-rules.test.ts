/** What a policy asks of the PINs of one role holds where its people come in, not only where they change their PIN. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { testDocument } from '../seat/test-document.ts';
import { SeatMemory } from '../state/memory.ts';
import { Credentials } from './credentials.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox } from './outbox.ts';
import { PinCheck } from './pin.ts';
import { enrolled, sealingSeed, staff } from './test-site.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const pins = new PinCheck(randomBytes(32));
const clock = { bootId: 'boot', bootMs: () => 10_000_000, wallMs: () => Date.parse('2030-06-01T10:00:00Z') };
const nothing = (): void => {};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-role-rules-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A seat in the ward `icu` with one nurse, whose PIN has six digits. */
function seatUnder(overrides: NonNullable<PolicyDocument['overrides']>): Credentials {
  const directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  directory.replace(staff(), () => false);
  const document = { ...testDocument, overrides };
  return new Credentials({
    identity: enrolled as unknown as SeatIdentity,
    directory,
    pins,
    memory: new SeatMemory(join(folder, 'memory'), box, clock),
    outbox: new Outbox(join(folder, 'outbox'), box, () => 100),
    clock,
    recorder: { note: nothing } as unknown as Recorder,
    log: { info: nothing, warn: nothing, error: nothing },
    sealingSeed,
    policy: () => ({ document, version: 1, sha256: '', expiresWallMs: Number.MAX_SAFE_INTEGER }),
    trustedWallMs: clock.wallMs,
    leastPinDigits: () => 6,
    present: () => 'ada',
    heldSession: () => null,
    dispatch: nothing,
    isClosed: () => true,
    isOnline: () => true,
    tell: nothing,
    changed: nothing,
  });
}

const cases: readonly (readonly [string, NonNullable<PolicyDocument['overrides']>[number], string])[] = [
  ['the role', { id: 'long', roles: ['nurse'], pin: { minDigits: 8 } }, 'shortPin'],
  ['another role', { id: 'long', roles: ['porter'], pin: { minDigits: 8 } }, 'ok'],
  ['the ward', { id: 'long', wards: ['icu'], pin: { minDigits: 8 } }, 'shortPin'],
  ['another ward', { id: 'long', wards: ['er'], pin: { minDigits: 8 } }, 'ok'],
];

test.each(cases)('a PIN of six digits where eight are asked of %s', (_whom, override, standing) =>
  expect(seatUnder([override]).entrance.name('ada')).toMatchObject({ standing, who: { id: 'ada' } }),
);

test('no override lets a shorter PIN in than the seat takes', () =>
  expect(seatUnder([{ id: 'short', roles: ['nurse'], pin: { minDigits: 4 } }]).pinRule).toEqual({ minDigits: 6 }));
