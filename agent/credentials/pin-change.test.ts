/** A PIN that is changed at the seat: none of before may be taken again, whoever knows of it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Directory, PinVerifier } from '../../contract/directory.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox } from './outbox.ts';
import type { PeopleLink } from './people-link.ts';
import { PinCheck } from './pin.ts';
import { PinChange } from './pin-change.ts';
import type { PinProof } from './pin-proof.ts';
import { staff } from './test-site.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const pins = new PinCheck(randomBytes(32));
const PINS = ['805917', '482915', '739164', '930281', '917362'] as const;
const [FIRST, SECOND, THIRD, FOURTH, FIFTH] = PINS;

let folder = '';
let directory: StaffDirectory;
let version = 7;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-pins-'));
  directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  version = 7;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The site's next list, while what was changed here waits for its answer: the PIN in force there, and those before it. */
function receive(pin: PinVerifier, formerPins: readonly PinVerifier[] = [], isOnItsWay = true): void {
  const given: Directory = staff();
  version += 1;
  const persons = given.persons.map((person) => ({ ...person, pin, formerPins: [...formerPins] }));
  directory.replace({ ...given, version, persons }, () => isOnItsWay);
}

/** What is changed to, by somebody who knows the PIN in force; each outcome. */
async function change(...wanted: readonly string[]): Promise<readonly string[]> {
  const pinChange = new PinChange({
    directory,
    pins,
    outbox: new Outbox(join(folder, 'outbox'), box, () => 100),
    people: { sealVerifier: () => 'c2VhbGVk', tried: () => {} } as unknown as PeopleLink,
    recorder: { append: () => Promise.resolve() } as unknown as Recorder,
    limits: () => ({ minDigits: 6, maxFailures: 10, firstWaitMs: 30_000 }),
    proof: { prove: () => Promise.resolve({ outcome: 'right', triesLeft: 10, waitMs: 0 }) } as unknown as PinProof,
    present: () => 'ada',
  });
  const outcomes: string[] = [];
  for (const next of wanted) outcomes.push((await pinChange.change({ old: 'not asked', next })).outcome);
  return outcomes;
}

/** As it lies on disk, for an agent that starts anew. */
function restart(): void {
  directory = new StaffDirectory(join(folder, 'directory'), box, pins);
}

describe('a changed PIN', () => {
  test('is never the one in force, nor one of three before it, however quickly they follow each other and over a restart', async () => {
    receive(await pinVerifier(FIRST));
    expect(await change(FIRST, SECOND, FIRST, SECOND)).toEqual(['used', 'changed', 'used', 'used']);
    restart();
    expect(await change(FIRST, THIRD, FOURTH, FIRST, SECOND, THIRD)).toEqual(['used', 'changed', 'changed', 'used', 'used', 'used']);
    expect(await change(FIFTH, FIRST)).toEqual(['changed', 'changed']);
  });

  test('is none that the server told of', async () => {
    receive(await pinVerifier(FIRST), [await pinVerifier(SECOND), await pinVerifier(THIRD)]);
    expect(await change(SECOND, THIRD, FOURTH)).toEqual(['used', 'used', 'changed']);
  });

  test('leaves the one before it refused while lists come that do not know of the change, or of all changes', async () => {
    const first = await pinVerifier(FIRST);
    receive(first);
    expect(await change(SECOND, THIRD)).toEqual(['changed', 'changed']);
    receive(first, [await pinVerifier(FOURTH)]);
    expect(await change(FIRST, SECOND, FOURTH)).toEqual(['used', 'used', 'used']);
    // IT has set another one meanwhile: the server never hears of what was changed here.
    receive(await pinVerifier(FIFTH), [first]);
    expect(await change(FIRST, SECOND, THIRD, FIFTH)).toEqual(['used', 'used', 'used', 'used']);
  });

  test('that nothing tells the server of any more gives way to the PIN that the server has, and may not be taken again', async () => {
    const first = await pinVerifier(FIRST);
    receive(first);
    expect(await change(SECOND)).toEqual(['changed']);
    receive(first);
    expect(directory.pinOf('ada')?.salt).not.toBe(first.salt);
    receive(first, [], false);
    expect(directory.pinOf('ada')?.salt).toBe(first.salt);
    expect(await change(SECOND, THIRD)).toEqual(['used', 'changed']);
  });

  test('that the server refuses is undone, and the PIN of before is in force, not a former one twice', async () => {
    const first = await pinVerifier(FIRST);
    receive(first);
    expect(await change(SECOND)).toEqual(['changed']);
    directory.undoPinChange('ada');
    receive(first);
    expect(await change(FIRST, SECOND, FIRST)).toEqual(['used', 'changed', 'used']);
    expect(directory.person('ada')?.formerPins).toHaveLength(1);
  });
});
