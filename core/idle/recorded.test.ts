/**
 * Idle times as a kiosk really told them, judged as the seat judges them: things that keep a seat open on a real X server, and work
 * whose timings are synthetic but went the whole way through window system, Electron and socket (test/session/record-traces-program.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { judgePropped, PROPPED_START } from './propped.ts';
import { compareSources, SOURCES_START } from './sources.ts';

const FOLDER = join(import.meta.dirname, '../../test/session/traces/recorded');
const Recorded = Type.Object({
  name: Type.String(),
  made: Type.String(),
  honest: Type.Boolean(),
  /** When the agent heard it, how long ago the system saw input, how long ago a page of the seat did; milliseconds. */
  reports: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer()]), { minItems: 500 }),
});

const EXPECTED: Readonly<Record<string, string | null>> = {
  charting: null,
  dictation: null,
  'reading-with-scroll': null,
  'turning-pages': null,
  typing: null,
  video: null,
  'minute-jiggler': 'clockwork',
  'slow-jiggler': 'clockwork',
  'quick-jiggler': 'neverRests',
  'weighted-key': 'neverRests',
};

const read = (name: string) => Value.Parse(Recorded, JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')));

test('every recording is expected, and says how it was made', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(EXPECTED)
      .map((name) => `${name}.json`)
      .sort(),
  );
  for (const name of Object.keys(EXPECTED)) expect(read(name).made).toMatch(/^Recorded from a kiosk on Xvfb/);
});

describe.each(Object.entries(EXPECTED))('the recording of %s', (name, expected) => {
  const { honest, reports } = read(name);

  test(`is ${expected === null ? 'no finding at any moment' : `found as ${expected}, and nothing else`}, and its sources agree`, () => {
    let sources = SOURCES_START;
    let propped = PROPPED_START;
    const findings = new Set<string>();
    for (const [atMs, osIdleMs, ownIdleMs] of reports) {
      const compared = compareSources(sources, { atMs, osIdleMs, ownIdleMs, nativeFront: false, card: 'unknown' });
      sources = compared.state;
      propped = judgePropped(propped, atMs, compared.idleMs).state;
      if (sources.doubt !== null) findings.add(sources.doubt);
      if (propped.found !== null) findings.add(propped.found.by);
    }
    expect([...findings]).toEqual(expected === null ? [] : [expected]);
    expect(honest).toBe(expected === null);
  });
});

test('a person’s keys reach the seat’s own idle time as they reach the system’s', () => {
  const { reports } = read('typing');
  const isApart = reports.map(([, osIdleMs, ownIdleMs]) => Math.abs(osIdleMs - ownIdleMs) > 2_500);
  // A key is held back for a moment, until it is a person's: a report may come in between, two in a row may not.
  const twice = reports.filter((_, at) => at > 5 && isApart[at] === true && isApart[at - 1] === true);
  expect(twice).toEqual([]);
});

test('the system took each clip of the video for input, and the seat grew idle all the same', () => {
  const { reports } = read('video');
  const falls = reports.filter(([, osIdleMs], at) => osIdleMs < (reports[at - 1]?.[1] ?? 0));
  expect(falls.length).toBeGreaterThan(50);
  let sources = SOURCES_START;
  for (const [atMs, osIdleMs, ownIdleMs] of reports) {
    const compared = compareSources(sources, { atMs, osIdleMs, ownIdleMs, nativeFront: false, card: 'unknown' });
    sources = compared.state;
    expect(compared.idleMs).toBe(ownIdleMs);
  }
});
