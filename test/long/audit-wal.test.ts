/** Faults 21 and 22 at length: 10,000 cuts and 10,000 flipped bits of a WAL. */
import { afterEach, beforeEach, test } from 'vitest';
import { type StoreKit, storeKit } from '../audit/store-kit.ts';
import { cutWal, flipWal } from '../audit/wal.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

const CASES = 10_000;

test(`fault 21: the WAL cut at ${CASES} places`, async () => {
  await cutWal(seat, CASES);
});

test(`fault 22: one bit of the WAL flipped at ${CASES} places`, async () => {
  await flipWal(seat, CASES);
});
