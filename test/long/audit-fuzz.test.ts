/** A million mutated inputs from fixed seeds. */
import { expect, test } from 'vitest';
import { fuzzCodecs, fuzzVerifier } from '../audit/fuzz.ts';

test('800,000 mutated inputs to the codecs', async () => {
  const { refused, faulted } = await fuzzCodecs(101, 800_000);
  expect(refused).toBeGreaterThan(200_000);
  expect(faulted).toBeGreaterThan(10_000);
});

test('200,000 mutated logs to the verifier', async () => {
  await fuzzVerifier(103, 200_000);
});
