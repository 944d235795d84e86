/** Fault 20 at length: 200 rounds of kill -9. */
import { afterEach, beforeEach, test } from 'vitest';
import { crashLoop } from '../audit/crash.ts';
import { type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

test('fault 20: 200 rounds of kill -9 lose nothing that was acknowledged', async () => {
  await crashLoop(seat, 200);
});
