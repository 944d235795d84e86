import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BACKOFF_CAP_MS, backoffDelay, parseRetryAfter, RETRY_AFTER_CAP_MS } from './backoff.ts';
import { FIRST_BATCH, LARGEST_BATCH, type Lane, type SyncEvent, type SyncState, syncStart, syncStep } from './machine.ts';

const lane: Lane = { work: 'uploading', intervalMs: 60_000, floor: 0.5 };
const random = fc.double({ min: 0, max: 0.999999, noNaN: true });
const anyEvent: fc.Arbitrary<SyncEvent> = fc.oneof(
  fc.constant<SyncEvent>({ type: 'ready' }),
  fc.constant<SyncEvent>({ type: 'lost' }),
  fc.constant<SyncEvent>({ type: 'due' }),
  fc.constant<SyncEvent>({ type: 'elapsed' }),
  fc.boolean().map((more): SyncEvent => ({ type: 'done', more })),
  fc
    .option(fc.integer({ min: 0, max: 10_000_000 }))
    .map((retryAfterMs): SyncEvent => ({ type: 'failed', code: 'SERVER_UNREACHABLE', retryAfterMs })),
  fc.constant<SyncEvent>({ type: 'failed', code: 'SERVER_SEAT_REVOKED', retryAfterMs: null }),
);
const run = fc.array(fc.tuple(anyEvent, random), { maxLength: 60 });

describe('the Sync machine', () => {
  test('at most one work is in hand, whatever comes', () => {
    fc.assert(
      fc.property(run, (events) => {
        let state = syncStart;
        let inHand = 0;
        for (const [event, chance] of events) {
          if (inHand > 0 && (event.type === 'done' || event.type === 'failed')) inHand = 0;
          const step = syncStep(state, event, lane, { random: chance });
          for (const effect of step.effects) {
            if (effect.type === 'cancel') inHand = 0;
            if (effect.type === 'work') inHand += 1;
          }
          expect(inHand).toBeLessThanOrEqual(1);
          expect(inHand === 1).toBe(step.state.phase === 'uploading');
          state = step.state;
        }
      }),
    );
  });

  test('a lane of its timer only: nothing else starts it, whatever comes at whatever moment', () => {
    fc.assert(
      fc.property(run, (events) => {
        const timed: Lane = { ...lane, timerOnly: true };
        let state = syncStart;
        for (const [event, chance] of events) {
          const step = syncStep(state, event, timed, { random: chance });
          const goesOn = event.type === 'done' && event.more;
          if (step.effects.some(({ type }) => type === 'work')) expect(event.type === 'elapsed' || goesOn).toBe(true);
          // That something came up must not shorten the next rest either.
          if (event.type === 'due') expect(step).toEqual({ state, effects: [] });
          state = step.state;
        }
      }),
    );
  });

  test('a lane that rests always has a timer: nothing is ever forgotten', () => {
    fc.assert(
      fc.property(run, (events) => {
        let state = syncStart;
        let timer = false;
        for (const [event, chance] of events) {
          if (event.type === 'elapsed' && timer) timer = false;
          else if (event.type === 'elapsed') continue;
          const step = syncStep(state, event, lane, { random: chance });
          for (const effect of step.effects) {
            if (effect.type === 'cancel') timer = false;
            if (effect.type === 'timer') timer = true;
          }
          state = step.state;
          if (state.phase === 'idle' || state.phase === 'backoff') expect(timer).toBe(true);
          expect(state.batch).toBeGreaterThanOrEqual(FIRST_BATCH);
          expect(state.batch).toBeLessThanOrEqual(LARGEST_BATCH);
        }
      }),
    );
  });

  test('losing the agent leads offline from everywhere, and a revoked seat halts until it is ready anew', () => {
    const phases: SyncState['phase'][] = ['offline', 'idle', 'uploading', 'downloading', 'backoff', 'halted'];
    for (const phase of phases) {
      expect(syncStep({ phase, failures: 3, batch: 128, again: false }, { type: 'lost' }, lane, { random: 0 }).state.phase).toBe('offline');
    }
    const halted = syncStep(
      { phase: 'uploading', failures: 0, batch: 64, again: false },
      { type: 'failed', code: 'SERVER_SEAT_REVOKED', retryAfterMs: null },
      lane,
      { random: 0 },
    );
    expect(halted.state.phase).toBe('halted');
    expect(syncStep(halted.state, { type: 'due' }, lane, { random: 0 }).effects).toEqual([]);
    expect(syncStep(halted.state, { type: 'ready' }, lane, { random: 0 }).state.phase).toBe('idle');
  });

  test('what comes up during the work is not forgotten when it ends', () => {
    const busy = syncStep({ phase: 'uploading', failures: 0, batch: 64, again: false }, { type: 'due' }, lane, { random: 0 });
    expect(syncStep(busy.state, { type: 'done', more: false }, lane, { random: 0 }).effects).toEqual([{ type: 'work', batch: 128 }]);
  });

  test('after an outage: one small batch, then doubling', () => {
    let state: SyncState = { phase: 'uploading', failures: 0, batch: LARGEST_BATCH, again: false };
    state = syncStep(state, { type: 'failed', code: 'SERVER_UNREACHABLE', retryAfterMs: null }, lane, { random: 0.5 }).state;
    state = syncStep(state, { type: 'elapsed' }, lane, { random: 0 }).state;
    const sizes = [];
    for (let i = 0; i < 6; i++) {
      sizes.push(state.batch);
      state = syncStep(state, { type: 'done', more: true }, lane, { random: 0 }).state;
    }
    expect(sizes).toEqual([64, 128, 256, 512, 1024, 1024]);
  });
});

describe('backoff', () => {
  test('is within the cap, grows, and obeys Retry-After', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        random,
        fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
        (failures, chance, retryAfter) => {
          const ms = backoffDelay(failures, chance, retryAfter);
          expect(ms).toBeGreaterThanOrEqual(Math.min(retryAfter ?? 0, RETRY_AFTER_CAP_MS));
          expect(ms).toBeLessThanOrEqual(RETRY_AFTER_CAP_MS + BACKOFF_CAP_MS);
          if (retryAfter === null) expect(ms).toBeLessThanOrEqual(Math.min(BACKOFF_CAP_MS, 1000 * 2 ** Math.min(failures, 30)));
        },
      ),
    );
  });

  test.each([
    ['120', 120_000],
    ['0', 0],
    ['-1', null],
    ['soon', null],
    [undefined, null],
  ])('Retry-After %s', (header, expected) => {
    expect(parseRetryAfter(header)).toBe(expected);
  });
});
