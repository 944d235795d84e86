/** A seat that keeps as much for its server as it can: what it could not tell is refused before anything says that it was done. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testPolicy } from '../../test/support/policy.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { saveBoxed } from '../state/boxed.ts';
import { SeatMemory } from '../state/memory.ts';
import { Credentials } from './credentials.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox, Outgoing } from './outbox.ts';
import { PinCheck } from './pin.ts';
import { enrolled, sealingSeed, staff, verifier } from './test-site.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const clock = { bootId: 'boot', bootMs: () => 10_000_000, wallMs: () => Date.parse('2030-06-01T10:00:00Z') };
const nothing = (): void => {};
const card = 'c'.repeat(64);
let folder = '';
let present: string | null = 'ada';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-full-outbox-'));
  present = 'ada';
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A seat whose outbox holds so many items. */
function seatWith(kept: number) {
  const path = join(folder, 'outbox');
  const item = { kind: 'card', person: 'ada', card, at: '2030-06-01T10:00:00Z' } as const;
  const items = Array.from({ length: kept }, (_, at) => ({ ...item, number: at + 1 }));
  saveBoxed({ path, purpose: 'people-news', schema: Outgoing }, box, { next: kept + 1, items });
  const outbox = new Outbox(path, box, () => 100);
  const pins = new PinCheck(randomBytes(32));
  const directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  directory.replace(staff(), () => false);
  const memory = new SeatMemory(join(folder, 'memory'), box, clock);
  const recorded: AuditEvent[] = [];
  const note = (event: AuditEvent) => void recorded.push(event);
  const append = (event: AuditEvent) => Promise.resolve(note(event));
  const document = testPolicy(
    1,
    { reader: '', escrow: '' },
    { signIn: { rules: [{ roles: ['nurse'], enrolBadge: true }], suggestNames: false } },
  );
  const credentials = new Credentials({
    identity: enrolled as unknown as SeatIdentity,
    directory,
    pins,
    memory,
    outbox,
    clock,
    recorder: { note, append } as unknown as Recorder,
    log: { info: nothing, warn: nothing, error: nothing },
    sealingSeed,
    policy: () => ({ document, version: 1, sha256: '', expiresWallMs: 0 }),
    trustedWallMs: clock.wallMs,
    leastPinDigits: () => 6,
    present: () => present,
    heldSession: () => null,
    dispatch: nothing,
    isClosed: () => present === null,
    isOnline: () => true,
    tell: nothing,
    changed: nothing,
  });
  return { credentials, outbox, directory, memory, recorded };
}

test('a PIN stays the one it was, no guess is spent, and the record does not say that it was changed', async () => {
  const { credentials, directory, memory, recorded } = seatWith(1_000);
  expect(await credentials.pinChange.change({ old: '805917', next: '482915' })).toMatchObject({ outcome: 'full' });
  expect(recorded).toEqual([]);
  expect(memory.throttles).toEqual({});
  expect(directory.pinOf('ada')?.salt).toBe(verifier.salt);
});

test('a badge is not recorded as asked for', async () => {
  const { credentials, recorded } = seatWith(1_000);
  present = null;
  credentials.badgeEnrolment.sawUnknown('b'.repeat(64));
  expect(await credentials.badgeEnrolment.enrol({ name: 'ada', pin: '805917' })).toMatchObject({ outcome: 'full' });
  expect(recorded).toEqual([]);
});

test('a downtime card opens nothing, and is not used up by that', () => {
  const { credentials, memory, recorded } = seatWith(1_000);
  expect(() => credentials.useCard({ hash: card, person: 'ada' })).toThrow('Bring it online');
  expect(memory.usedCards).toEqual([]);
  expect(recorded).toEqual([]);
});

test('there is room for what was under way when the last place was given', async () => {
  const { credentials, outbox, recorded } = seatWith(991);
  const change = credentials.pinChange.change({ old: '805917', next: '482915' });
  credentials.useCard({ hash: card, person: 'ada' });
  expect(await change).toMatchObject({ outcome: 'changed' });
  expect(outbox).toMatchObject({ size: 993, isFull: true });
  expect(recorded.map(({ type }) => type)).toEqual(['card.used', 'pin.changed']);
});
