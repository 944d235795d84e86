/** Fault 20 at length: 200 rounds of kill -9. */
import { test } from 'vitest';
import { crashLoop } from '../audit/crash.ts';
import { storeTests } from '../audit/store-tests.ts';

const at = storeTests();

test('fault 20: 200 rounds of kill -9 lose nothing that was acknowledged', async () => {
  await crashLoop(at.seat, 200);
});
