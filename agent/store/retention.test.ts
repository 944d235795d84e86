import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { check } from '../../test/audit/check.ts';
import { fillEpochs, lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import type { AuditStore } from './index.ts';

/** Small enough that a thousand events fill it by half. */
const CAPACITY = 1024 * 1024;

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

/** Pruning goes on in steps between other work. */
async function pruned(store: AuditStore): Promise<boolean> {
  for (let turn = 0; turn < 100; turn += 1) {
    try {
      store.readFrom(0, { maxBytes: 1, maxEntries: 1 });
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
}

test('nothing is pruned without a receipt, however full the store is; class 1 is refused by name in the end', async () => {
  const store = await seat.open({ capacityBytes: CAPACITY });
  await expect(fillEpochs(store, 30)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect(store.status()).toMatchObject({ recording: 'full', daysLeft: 0 });
  expect(await pruned(store)).toBe(false);
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});

test('after a receipt whole epochs leave, and what is left verifies, reads and proves', async () => {
  const store = await seat.open({ capacityBytes: CAPACITY });
  await fillEpochs(store, 12);
  await seat.receipted(store);
  expect(await pruned(store)).toBe(true);
  const { size } = store.position();
  expect(store.inclusion(size - 100, size).length).toBeGreaterThan(5);
  await fillEpochs(store, 2);
  await store.close();
  const { faults, size: whole } = check(seat.storeDir, seat, { privateKey: seat.readerKey, receiptKeys: [seat.mirrorKey] });
  expect(faults).toEqual([]);
  expect(whole).toBeGreaterThan(size);
  const again = await seat.open({ capacityBytes: CAPACITY });
  expect(again.findings).toEqual([]);
  expect((await again.append(lockEvent(1))).seq).toBeGreaterThan(whole);
  await again.close();
});

test('a pruned log under a wrong key fails', async () => {
  const store = await seat.open({ capacityBytes: CAPACITY });
  await fillEpochs(store, 12);
  await seat.receipted(store);
  expect(await pruned(store)).toBe(true);
  await store.close();
  const { faults } = check(seat.storeDir, {
    logKey: { ...seat.logKey, ...{ verifier: nodeCrypto.verifier(seat.mirror.signer.publicKey) } },
  });
  expect(faults).toContain('KEY_MISMATCH');
});
