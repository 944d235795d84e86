/** 100,000 mutated inputs from a fixed seed: an error with a code or a fault by name, never a crash, a hang or a pass. */
import { expect, test } from 'vitest';
import { fuzzCodecs, fuzzVerifier } from '../audit/fuzz.ts';

test('80,000 mutated inputs to the codecs', async () => {
  const { refused, faulted } = await fuzzCodecs(7, 80_000);
  expect(refused).toBeGreaterThan(20_000);
  // Exports that are read to their end and named for what is wrong with them.
  expect(faulted).toBeGreaterThan(1_000);
});

test('20,000 mutated logs to the verifier', async () => {
  await fuzzVerifier(11, 20_000);
});
