/**
 * Good policies, mutated: whatever becomes of them is read, or refused with at least one problem that has a place. The seed is
 * fixed, so that a failure comes back.
 */
import { describe, expect, test } from 'vitest';
import { parsePolicy } from './parse.ts';
import { isPreset, PRESETS } from './preset.ts';
import { presetText } from './test-preset.ts';

const SEED = 20_300_101;
const MUTANTS = 200;
const MOST_CHANGES = 4;

/** Numbers below `limit`, the same ones for the same seed (xorshift). */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

type Roll = ReturnType<typeof dice>;
type Container = unknown[] | Record<string, unknown>;

const STRANGE: readonly unknown[] = [null, true, -1, 1e308, '', '*', '\u0000', [], {}, [[]], { kind: 'web' }, '\ud800', '../..'];
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** Every place of a document: the thing and the name under which something stands in it. */
function placesOf(root: Container): readonly (readonly [Container, string])[] {
  return Object.entries(root).flatMap(([name, inner]) => [[root, name] as const, ...(isContainer(inner) ? placesOf(inner) : [])]);
}

const IN_DOCUMENT: readonly ((holder: Container, name: string, roll: Roll) => void)[] = [
  (holder, name) => void Reflect.deleteProperty(holder, name),
  (holder, name, roll) => void Reflect.set(holder, name, STRANGE[roll(STRANGE.length)]),
  (holder, name) => void Reflect.set(holder, `${name}x`, Reflect.get(holder, name)),
  (holder, name) => void Reflect.set(holder, name, { [name]: Reflect.get(holder, name) }),
  (holder, name) =>
    void Reflect.set(
      holder,
      name,
      Array.from({ length: 3 }, () => Reflect.get(holder, name)),
    ),
  (holder, _name, roll) => {
    for (let index = 0; index < 10 + roll(10); index += 1) Reflect.set(holder, `more${index}`, index);
  },
];

function mutatedDocument(good: string, roll: Roll): string {
  const parsed = parsePolicy(good, { comments: true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const document: Record<string, unknown> = structuredClone(parsed.document);
  for (let change = 0; change <= roll(MOST_CHANGES); change += 1) {
    const places = placesOf(document);
    const place = places[roll(Math.max(1, places.length))];
    if (place !== undefined) IN_DOCUMENT[roll(IN_DOCUMENT.length)]?.(place[0], place[1], roll);
  }
  return JSON.stringify(document, null, roll(3));
}

const IN_TEXT: readonly ((bytes: Buffer, at: number, roll: Roll) => Buffer)[] = [
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at) => bytes.subarray(at),
  (bytes, at, roll) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + roll(40))]),
  (bytes, at, roll) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - roll(200)))]),
  (bytes, at, roll) => Buffer.concat([bytes.subarray(0, at), Buffer.from([roll(256)]), bytes.subarray(at + 1)]),
  (bytes, at, roll) => Buffer.concat([bytes.subarray(0, at), Buffer.from('{["a":'.repeat(roll(4_000))), bytes.subarray(at)]),
];

function mutatedText(good: string, roll: Roll): string {
  let bytes = Buffer.from(good);
  for (let change = 0; change <= roll(MOST_CHANGES); change += 1) {
    bytes = Buffer.from(IN_TEXT[roll(IN_TEXT.length)]?.(bytes, roll(bytes.length + 1), roll) ?? bytes);
  }
  return new TextDecoder().decode(bytes);
}

describe.each(Object.keys(PRESETS).filter(isPreset))('the preset %s, mutated', (name) => {
  const good = presetText(name);
  test.each([
    ['in its fields', mutatedDocument],
    ['in its bytes', mutatedText],
  ])('%s, is read or refused with a place', (_where, mutate) => {
    const roll = dice(SEED + good.length);
    let refused = 0;
    for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
      const changed = mutate(good, roll);
      const parsed = parsePolicy(changed, { comments: true });
      if (parsed.ok) continue;
      refused += 1;
      const lines = changed.split('\n');
      const isPlaced = ({ line, column, message }: (typeof parsed.problems)[number]): boolean =>
        message.length > 1 && line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1;
      expect({ mutant, placed: parsed.problems.length > 0 && parsed.problems.every(isPlaced) }).toEqual({ mutant, placed: true });
    }
    expect(refused).toBeGreaterThan(MUTANTS / 2);
  });
});
