/** Faults 21 and 22 at length: 10,000 cuts and 10,000 flipped bits of a WAL. */
import { test } from 'vitest';
import { storeTests } from '../audit/store-tests.ts';
import { cutWal, flipWal } from '../audit/wal.ts';

const at = storeTests();

const CASES = 10_000;

test(`fault 21: the WAL cut at ${CASES} places`, async () => {
  await cutWal(at.seat, CASES);
});

test(`fault 22: one bit of the WAL flipped at ${CASES} places`, async () => {
  await flipWal(at.seat, CASES);
});
