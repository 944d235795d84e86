/** The signing seeds of past epochs are not in the memory of a process that went through them. What lies in files is agent/keys's own test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startAppender, untilSaid } from '../audit/appender-process.ts';
import { stoppedMemory } from '../audit/process-memory.ts';
import { storeTests } from '../audit/store-tests.ts';
import { rootTest } from '../support/root.ts';

const SEED_BYTES = 32;
/** Old signers go with the collection that an epoch's end asks for, a second later under a flood of epochs. */
const COLLECTED_MS = 2500;

const at = storeTests();

/** The seeds of each signer that was made, but the log key's, in order and each once. */
function epochSeeds(path: string): readonly Buffer[] {
  const noted = readFileSync(path);
  const seeds = Array.from({ length: noted.length / SEED_BYTES }, (_, index) =>
    noted.subarray(index * SEED_BYTES, (index + 1) * SEED_BYTES),
  );
  const once = [...new Map(seeds.map((seed) => [seed.toString('hex'), seed])).values()];
  return once.filter((seed) => !seed.equals(at.seat.logSeed));
}

function copiesIn(parts: readonly Buffer[], seed: Buffer): number {
  let copies = 0;
  for (const part of parts) for (let place = part.indexOf(seed); place >= 0; place = part.indexOf(seed, place + 1)) copies += 1;
  return copies;
}

rootTest('a dump of the memory holds the seed of no past epoch: neither of this life nor of the one before', async () => {
  const seeds = join(at.seat.dir, 'seeds');
  const before = startAppender(at.seat, { birth: 'enrolment', appenders: 1, count: 25, rotateEach: 10, seeds });
  expect(await before.ended, before.output()).toBe(0);
  const appender = startAppender(at.seat, { first: 100, appenders: 1, count: 45, rotateEach: 10, stays: true, seeds });
  await untilSaid(appender, 'done');
  await new Promise((resolve) => setTimeout(resolve, COLLECTED_MS));
  const memory = await stoppedMemory(appender);
  const found = epochSeeds(seeds).map((seed) => copiesIn(memory, seed));
  expect(found.length).toBeGreaterThanOrEqual(8);
  expect(found.slice(0, -1)).toEqual(found.slice(0, -1).map(() => 0));
  // The search itself works: the signer of the present epoch holds its seed.
  expect(found.at(-1)).toBeGreaterThan(0);
});
