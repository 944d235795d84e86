import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldKeys } from './held-keys.ts';
import { USUAL_RHYTHM, WEDGE_MAX_LENGTH, type WedgeKey, type WedgeRhythm } from './wedge.ts';

/** Such as `+A` and `-A`: a key goes down, and up. */
type Stroke = string;

const SHIFT = 'Shift';

interface Played {
  readonly passed: readonly Stroke[];
  readonly badges: readonly (string | null)[];
}

/** A keyboard: each stroke comes so many milliseconds after the one before, with the timer in between. */
function play(strokes: readonly (readonly [Stroke, number])[], rhythm: WedgeRhythm = USUAL_RHYTHM): Played {
  const passed: Stroke[] = [];
  const badges: (string | null)[] = [];
  const keys = new HeldKeys<Stroke>({
    forward: (event) => passed.push(event),
    badge: (number) => badges.push(number),
    rhythm: () => rhythm,
  });
  let at = 1_000;
  for (const [stroke, gap] of strokes) {
    tick(keys, at + gap);
    at += gap;
    const name = stroke.slice(1);
    if (stroke.startsWith('+')) keys.press(codeOf(name), keyOf(name), stroke, at);
    else keys.release(codeOf(name), stroke);
  }
  tick(keys, Number.POSITIVE_INFINITY);
  expect(keys.isEmpty).toBe(true);
  return { passed, badges };
}

function tick(keys: HeldKeys<Stroke>, until: number): void {
  for (let due = keys.due; due !== null && due <= until; due = keys.due) keys.elapsed(due);
}

const codeOf = (name: string): number => name.codePointAt(0) ?? 0;

function keyOf(name: string): WedgeKey | undefined {
  if (name === SHIFT) return undefined;
  if (name === 'Enter') return { kind: 'enter' };
  return name.length === 1 ? { kind: 'character', character: name } : { kind: 'other' };
}

/** Down and up at once, each key so long after the one before. */
const typed = (text: readonly string[], gap: number): (readonly [Stroke, number])[] =>
  text.flatMap((key): (readonly [Stroke, number])[] => [
    [`+${key}`, gap],
    [`-${key}`, 0],
  ]);
const scanned = (number: string): (readonly [Stroke, number])[] => typed([...number, 'Enter'], 8);
const strokesOf = (strokes: readonly (readonly [Stroke, number])[]): readonly Stroke[] => strokes.map(([stroke]) => stroke);

describe('keys that are held back for an application', () => {
  it('are let go as they came when a person types', () => {
    const words = typed([...'warfarin', 'Enter'], 120);
    expect(play(words)).toEqual({ passed: strokesOf(words), badges: [] });
  });

  it('are kept, each with its release, when they are a badge', () => {
    expect(play(scanned('04A1B2C3D4'))).toEqual({ passed: [], badges: ['04A1B2C3D4'] });
  });

  it('of a badge do not leave Shift down that was pressed before or among them', () => {
    const shifted = (['04', '04'] as const).flatMap(() => [['+Shift', 8], ...typed(['A', 'B', 'C'], 8), ['-Shift', 8]] as const);
    const { passed, badges } = play([...shifted.map(([stroke, gap]) => [stroke, gap] as const), ['+Enter', 8], ['-Enter', 4]]);
    expect({ passed, badges }).toEqual({ passed: ['+Shift', '-Shift', '+Shift', '-Shift'], badges: ['ABCABC'] });
  });

  it('that overlap go on in their order', () => {
    const rolled = [
      ['+a', 100],
      ['+b', 40],
      ['-a', 20],
      ['+c', 30],
      ['-b', 10],
      ['-c', 90],
    ] as const;
    expect(play(rolled).passed).toEqual(strokesOf(rolled));
  });

  it('between two badges are a person’s', () => {
    const { passed, badges } = play([
      ...scanned('AAAA1111'),
      ...typed(['o', 'k'], 150),
      ['+Left', 150],
      ['-Left', 0],
      ...scanned('BBBB2222'),
    ]);
    expect({ passed, badges }).toEqual({ passed: ['+o', '-o', '+k', '-k', '+Left', '-Left'], badges: ['AAAA1111', 'BBBB2222'] });
  });

  it('are swallowed whole where there are more than a badge has, with and without an end', () => {
    const long = [...'7'.repeat(WEDGE_MAX_LENGTH + 20)];
    expect(play(typed([...long, 'Enter'], 5))).toEqual({ passed: [], badges: [null] });
    expect(play(typed(long, 5))).toEqual({ passed: [], badges: [null] });
    expect(play([...typed(long, 5), ...typed(['Left'], 5)])).toEqual({ passed: ['+Left', '-Left'], badges: [null] });
  });

  it('are swallowed and told where whoever typed goes elsewhere in the middle of more than a badge has', () => {
    const passed: Stroke[] = [];
    const badges: (string | null)[] = [];
    const keys = new HeldKeys<Stroke>({
      forward: (event) => passed.push(event),
      badge: (number) => badges.push(number),
      rhythm: () => USUAL_RHYTHM,
    });
    for (let at = 0; at <= WEDGE_MAX_LENGTH; at += 1) keys.press(at, { kind: 'character', character: '7' }, '+7', 1_000 + at);
    keys.leave();
    for (let at = 0; at <= WEDGE_MAX_LENGTH; at += 1) keys.release(at, '-7');
    expect({ passed, badges, due: keys.due, isEmpty: keys.isEmpty }).toEqual({ passed: [], badges: [null], due: null, isEmpty: true });
  });

  it('go on at once when whoever typed goes elsewhere', () => {
    const passed: Stroke[] = [];
    const keys = new HeldKeys<Stroke>({ forward: (event) => passed.push(event), badge: () => undefined, rhythm: () => USUAL_RHYTHM });
    keys.press(1, { kind: 'character', character: 'a' }, '+a', 1_000);
    keys.leave();
    keys.release(1, '-a');
    expect({ passed, due: keys.due }).toEqual({ passed: ['+a', '-a'], due: null });
  });

  it('that are for whoever stands before it are kept with their release, and what was typed before goes on first', () => {
    const passed: Stroke[] = [];
    const keys = new HeldKeys<Stroke>({ forward: (event) => passed.push(event), badge: () => undefined, rhythm: () => USUAL_RHYTHM });
    keys.press(1, { kind: 'character', character: 'a' }, '+a', 1_000);
    keys.keep(9);
    keys.release(9, '-Super');
    keys.release(1, '-a');
    expect(passed).toEqual(['+a', '-a']);
  });

  it('that repeat themselves are a person’s, unless the key that stays down ended a badge', () => {
    const passed: Stroke[] = [];
    const keys = new HeldKeys<Stroke>({ forward: (event) => passed.push(event), badge: () => undefined, rhythm: () => USUAL_RHYTHM });
    keys.press(1, { kind: 'character', character: 'a' }, '+a', 1_000);
    keys.repeat(1, ['-a', '+a'], 1_020);
    expect(passed).toEqual(['+a', '-a', '+a']);
    [...'ABCDEF'].forEach((character, at) => {
      keys.press(codeOf(character), { kind: 'character', character }, `+${character}`, 2_000 + 8 * at);
    });
    keys.press(2, { kind: 'enter' }, '+Enter', 2_048);
    keys.repeat(2, ['-Enter', '+Enter'], 2_548);
    expect(passed).toEqual(['+a', '-a', '+a']);
  });

  it('are never lost, doubled or reordered, whatever the rhythm: all but badges go on, and no badge does', () => {
    const stroke = fc.tuple(fc.constantFrom('a', 'b', '1', 'Left', 'Enter', SHIFT), fc.integer({ min: 1, max: 200 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(stroke, { maxLength: 80 }), (random) => {
        const down = new Set<string>();
        const strokes = random.flatMap(([key, gap, up]): (readonly [Stroke, number])[] => {
          const isDown = down.has(key);
          if (isDown) down.delete(key);
          else if (!up) down.add(key);
          if (isDown) return [[`-${key}`, gap]];
          return up ? typed([key], gap) : [[`+${key}`, gap]];
        });
        const { passed, badges } = play(strokes);
        const all = strokesOf(strokes);
        if (badges.length === 0) expect(passed).toEqual(all);
        else expect(isWithin(passed, all)).toBe(true);
        // Whatever goes up goes down before: nothing stays down in the application that is up on the keyboard.
        for (const key of ['a', 'b', '1', 'Left', 'Enter', SHIFT]) {
          const own = passed.filter((one) => one.slice(1) === key);
          expect(own.map((one) => one.startsWith('+'))).toEqual(own.map((_, at) => at % 2 === 0));
          if (!down.has(key)) expect(own.length % 2).toBe(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Whether the first is the second with some left out. */
function isWithin(few: readonly Stroke[], many: readonly Stroke[]): boolean {
  let at = 0;
  for (const one of many) if (one === few[at]) at += 1;
  return at === few.length;
}
