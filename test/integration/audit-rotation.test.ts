/** The change of keys beside recording: saved ahead, destroyed aside, and events wait for neither. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { epochKeyFile } from '../../agent/keys/epoch-key-file.ts';
import { type KeyVault, openVault } from '../../agent/keys/index.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import type { AuditStore } from '../../agent/store/index.ts';
import { EPOCH_ENTRIES } from '../../agent/store/writer.ts';
import { fromHex } from '../../core/audit/bytes.ts';
import type { Recipient } from '../../core/audit/epoch.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { check } from '../audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const GROUP = 256;

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

/** The kit's own vault, whose calls wait while its gate is shut. */
async function gated() {
  const vault = await openVault({
    dir: `${seat.dir}/keys`,
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  });
  const gate = Promise.withResolvers<void>();
  const calls: string[] = [];
  let shut: 'write' | 'remove' | undefined;
  const waiting = async <T>(name: 'write' | 'remove', call: () => Promise<T>): Promise<T> => {
    calls.push(name);
    if (name === shut) await gate.promise;
    return call();
  };
  const slow: KeyVault = {
    protection: vault.protection,
    read: (name) => vault.read(name),
    write: (name, key) => waiting('write', () => vault.write(name, Uint8Array.from(key))),
    remove: (name) => waiting('remove', () => vault.remove(name)),
  };
  const seeds = (incarnation: string): Promise<number[]> =>
    epochKeyFile(storePaths(seat.storeDir).keys, vault, nodeCrypto)
      .load(fromHex(incarnation, 8))
      .then((found) => found.map(({ epoch }) => epoch));
  return {
    vault: slow,
    calls,
    seeds,
    /** The first key is the only one: what is called from here on belongs to the next. */
    settled: async (store: AuditStore) => {
      await store.newEpoch('wake');
      calls.length = 0;
    },
    shut: (name: 'write' | 'remove') => {
      shut = name;
    },
    open: () => {
      shut = undefined;
      gate.resolve();
    },
  };
}

async function fill(store: AuditStore, size: number): Promise<void> {
  for (let left = size - store.position().size; left > 0; left = size - store.position().size)
    await Promise.all(Array.from({ length: Math.min(left, GROUP) }, (_, at) => store.append(lockEvent(at))));
}

test('the key of an epoch that fills up is saved ahead; the old one is destroyed while events are recorded', async () => {
  const keys = await gated();
  const store = await seat.open({ vault: keys.vault });
  await fill(store, EPOCH_ENTRIES - GROUP);
  const { incarnation } = store.position();
  await expect.poll(() => keys.seeds(incarnation)).toEqual([0, 1]);
  // From here on no key can be destroyed: whoever waited for that would never be done.
  keys.shut('remove');
  await fill(store, EPOCH_ENTRIES + 3 * GROUP);
  expect(store.status().epoch).toBe(1);
  keys.open();
  await expect.poll(() => keys.seeds(incarnation)).toEqual([1]);
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
  expect(seat.problems).toEqual([]);
});

test('a log that ends with a key saved ahead goes on under the present one', async () => {
  const keys = await gated();
  const store = await seat.open({ vault: keys.vault });
  await fill(store, EPOCH_ENTRIES - GROUP);
  await store.close();
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  await again.append(lockEvent(1));
  expect(again.status().epoch).toBe(1);
  await again.close();
  expect(await keys.seeds(store.position().incarnation)).toEqual([1]);
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});

test.each([
  ['the next key is being saved', 'write', 2],
  ['the former key is being destroyed', 'remove', 3],
] as const)('recipients that change while %s are in force from the next event', async (_, call, epoch) => {
  const keys = await gated();
  const store = await seat.open({ vault: keys.vault });
  const recipients: Recipient[] = [
    { role: 'reader', publicKey: nodeCrypto.hpkePublicKey(nodeCrypto.random(32)) },
    { role: 'escrow', publicKey: nodeCrypto.hpkePublicKey(seat.escrowKey) },
  ];
  await keys.settled(store);
  keys.shut(call);
  const woken = store.newEpoch('wake');
  await expect.poll(() => keys.calls.at(-1)).toBe(call);
  const changed = store.setRecipients(recipients);
  keys.open();
  await Promise.all([woken, changed]);
  const { seq } = await store.append(lockEvent(2));
  await store.close();
  // The former reader reads what was before, and no further.
  const former = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect([former.faults, former.opened.epochs, former.events.has(seq ?? -1)]).toEqual([[], epoch, false]);
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.escrowKey });
  expect(faults).toEqual([]);
  expect(events.get(seq ?? -1)).toMatchObject({ type: 'session.locked' });
});

test('a store that breaks while a key is being destroyed is opened again, and goes on with the key that is in force', async () => {
  const keys = await gated();
  const store = await seat.open({ vault: keys.vault });
  await keys.settled(store);
  keys.shut('remove');
  const woken = store.newEpoch('wake');
  await expect.poll(() => keys.calls.at(-1)).toBe('remove');
  const { db } = storePaths(seat.storeDir);
  await rename(db, `${db}.away`);
  await expect(store.append(lockEvent(2))).rejects.toMatchObject({ code: 'AUDIT_APPEND_FAILED' });
  await rename(`${db}.away`, db);
  keys.open();
  await woken;
  await expect.poll(() => store.append(lockEvent(3)).catch(() => undefined), { timeout: 5_000 }).toMatchObject({ seq: expect.any(Number) });
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
  expect(await keys.seeds(store.position().incarnation)).toHaveLength(1);
});

test('a store that broke is opened again although the machine’s clock was put back meanwhile', async () => {
  const store = await seat.open();
  await store.append(lockEvent(1));
  const { db } = storePaths(seat.storeDir);
  await rename(db, `${db}.away`);
  // What can't be opened, nor put aside for a new one.
  await mkdir(db);
  await writeFile(`${db}/kept`, '');
  // The first breaks the store, the second tries to open it and fails.
  for (let at = 0; at < 2; at += 1) await expect(store.append(lockEvent(2))).rejects.toMatchObject({ code: 'AUDIT_APPEND_FAILED' });
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  try {
    await rm(db, { recursive: true });
    await rename(`${db}.away`, db);
    await expect
      .poll(() => store.append(lockEvent(3)).catch(() => undefined), { timeout: 5_000 })
      .toMatchObject({ seq: expect.any(Number) });
  } finally {
    clock.mockRestore();
  }
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});
