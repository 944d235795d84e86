/** What the record's first words say of a session that a former life of the agent left open, and of no other. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import { testDocument } from '../seat/test-document.ts';
import { SeatMemory } from '../state/memory.ts';
import { Recorder } from './recorder.ts';
import { SeatRecord } from './seat-record.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const clock = { bootId: 'b', bootMs: () => 0, wallMs: () => 0 };
const policy: PolicySnapshot = { document: testDocument, version: 4, sha256: '0'.repeat(64), expiresWallMs: 1 };
const former = { session: 'a'.repeat(32), person: 'ada', kind: 'person' } as const;
const glass = { session: 'b'.repeat(32), person: null, kind: 'breakglass' } as const;
const body = { session: glass.session, person: null };

let kit: StoreKit;
let memory: SeatMemory;
let written: { readonly type: string; readonly session: unknown }[] = [];

beforeEach(async () => {
  kit = await storeKit();
  written = [];
  memory = new SeatMemory(join(kit.dir, 'memory'), secretBox(nodeCrypto, randomBytes(32)), clock);
});
afterEach(() => kit.remove());

function record(recorder = new Recorder(silent, () => true)): SeatRecord {
  const seeds = { logSeed: randomBytes(32), sealingSeed: randomBytes(32) };
  const box = secretBox(nodeCrypto, randomBytes(32));
  return new SeatRecord({
    identity: new SeatIdentity({ path: join(kit.dir, 'identity'), box, ...seeds }),
    recorder,
    memory,
    open: async () => {
      const store = await kit.open();
      const append = store.append.bind(store);
      vi.spyOn(store, 'append').mockImplementation((event) => {
        written.push({ type: event.type, session: 'session' in event.body ? event.body.session : null });
        return append(event);
      });
      return store;
    },
    mode: 'enforced',
    onAppended: () => {},
  });
}

test('a session that a former life left open has ended', async () => {
  memory.setOpen(former);
  const seat = record();
  await seat.openFor(policy);
  expect(written.slice(1)).toEqual([{ type: 'session.ended', session: former.session }]);
  expect(memory.open).toBeNull();
  await seat.close();
});

test('a break-glass that began before the store could open goes on, in the record and in memory', async () => {
  memory.setOpen(former);
  const seat = record();
  memory.setOpen(glass);
  memory.addUnreported({
    type: 'breakglass.started',
    body: { ...body, reason: 'fire', note: '', limitSeconds: 60, policyVersion: 4 },
  });
  await seat.openFor(policy);
  expect(written.slice(1)).toEqual([
    { type: 'breakglass.started', session: glass.session },
    { type: 'session.ended', session: former.session },
  ]);
  expect(memory.open).toEqual(glass);
  await seat.close();
});

test('one that also ended by then is told once and forgotten', async () => {
  const seat = record();
  memory.setOpen(glass);
  memory.addUnreported({ type: 'breakglass.ended', body: { ...body, reason: 'logout' } });
  await seat.openFor(policy);
  expect(written.slice(1)).toEqual([{ type: 'breakglass.ended', session: glass.session }]);
  expect(memory.open).toBeNull();
  await seat.close();
});

test('a record that is not there says why: it waits for its first policy, or it did not open', () => {
  const recorder = new Recorder(silent, () => true);
  const seat = record(recorder);
  expect(() => seat.needed()).toThrow(expect.objectContaining({ code: 'AUDIT_RANGE_UNAVAILABLE' }));
  recorder.failed('AUDIT_STORE_LOCKED');
  expect(() => seat.needed()).toThrow(
    expect.objectContaining({ code: 'AUDIT_STORE_FAILED', message: expect.stringContaining('AUDIT_STORE_LOCKED') }),
  );
});
