/**
 * Makes traces of how a seat is used, from a seed: when there was input, by distributions like those of people at work
 * (keys and pauses log-normal, scrolls in bursts) and of things that keep a seat open. Synthetic: nobody was recorded. For tests only;
 * the files beside it are `makeTrace(name, seedOf(name), TRACE_SECONDS)` as JSON.
 */

/** Seconds of a trace in the repository. */
export const TRACE_SECONDS = 900;

export interface Trace {
  readonly name: TraceName;
  readonly synthetic: string;
  readonly honest: boolean;
  readonly seed: number;
  /** At each report, one a second: milliseconds since the last input. */
  readonly ages: readonly number[];
}

/** Draws from [0, 1), the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Draw = () => number;

function logNormal(draw: Draw, medianMs: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  return medianMs * Math.exp(sigma * normal);
}

const between = (draw: Draw, low: number, high: number): number => low + draw() * (high - low);

/** Milliseconds until the next input; a new one is asked for after each. */
type Habit = (draw: Draw) => () => number;

/** So many inputs close together, then a pause. */
function bursts(draw: Draw, length: readonly [number, number], within: () => number, pause: () => number): () => number {
  let left = 0;
  return () => {
    if (left > 0) {
      left -= 1;
      return within();
    }
    left = Math.round(between(draw, ...length));
    return pause();
  };
}

const typing: Habit = (draw) =>
  bursts(
    draw,
    [15, 140],
    () => logNormal(draw, draw() < 0.15 ? 420 : 170, 0.45),
    () => logNormal(draw, 3_500, 0.8),
  );
const readingWithScroll: Habit = (draw) =>
  bursts(
    draw,
    [2, 9],
    () => between(draw, 20, 160),
    () => logNormal(draw, 9_000, 0.6),
  );
/** Pages of much the same length, by somebody who reads evenly. */
const turningPages: Habit = (draw) => () => logNormal(draw, 14_000, 0.35);
const video: Habit = (draw) =>
  bursts(
    draw,
    [1, 12],
    () => between(draw, 30, 400),
    () => logNormal(draw, 240_000, 0.6),
  );
const dictation: Habit = (draw) =>
  bursts(
    draw,
    [1, 10],
    () => logNormal(draw, 350, 0.5),
    () => logNormal(draw, 35_000, 0.5),
  );
/** A mouse that is moved a lot, with looks at the patient. */
const charting: Habit = (draw) =>
  bursts(
    draw,
    [30, 700],
    () => between(draw, 8, 60),
    () => logNormal(draw, 2_600, 0.9),
  );

const slowJiggler: Habit = (draw) => () => between(draw, 29_950, 30_050);
const minuteJiggler: Habit = (draw) => () => between(draw, 59_900, 60_100);
const quickJiggler: Habit = (draw) => () => between(draw, 690, 710);
const weightedKey: Habit = (draw) => () => between(draw, 32, 34);

const HABITS = {
  typing: { honest: true, habit: typing },
  'reading-with-scroll': { honest: true, habit: readingWithScroll },
  'turning-pages': { honest: true, habit: turningPages },
  video: { honest: true, habit: video },
  dictation: { honest: true, habit: dictation },
  charting: { honest: true, habit: charting },
  'slow-jiggler': { honest: false, habit: slowJiggler },
  'minute-jiggler': { honest: false, habit: minuteJiggler },
  'quick-jiggler': { honest: false, habit: quickJiggler },
  'weighted-key': { honest: false, habit: weightedKey },
} as const satisfies Record<string, { readonly honest: boolean; readonly habit: Habit }>;

export type TraceName = keyof typeof HABITS;

const isName = (name: string): name is TraceName => Object.hasOwn(HABITS, name);
export const traceNames: readonly TraceName[] = Object.keys(HABITS).filter(isName);
export const honestNames = traceNames.filter((name) => HABITS[name].honest);
export const proppedNames = traceNames.filter((name) => !HABITS[name].honest);

export function makeTrace(name: TraceName, seed: number, seconds: number): Trace {
  const { honest } = HABITS[name];
  const times = inputTimes(name, seed);
  const ages: number[] = [];
  let lastMs = 0;
  let comingMs = times.next().value;
  for (let second = 1; second <= seconds; second += 1) {
    while (comingMs <= second * 1_000) {
      lastMs = comingMs;
      comingMs = times.next().value;
    }
    ages.push(Math.round(second * 1_000 - lastMs));
  }
  const synthetic = 'Made by test/session/traces.ts from the seed, after distributions of real work. Nobody was recorded.';
  return { name, synthetic, honest, seed, ages };
}

/** When there is input, in milliseconds from the start, without end. */
export function* inputTimes(name: TraceName, seed: number): Generator<number, never> {
  const next = HABITS[name].habit(random(seed));
  let atMs = next();
  for (;;) {
    yield atMs;
    atMs += Math.max(1, next());
  }
}

/** The seed of a trace in the repository. */
export const seedOf = (name: TraceName): number => 1_000 + traceNames.indexOf(name);
