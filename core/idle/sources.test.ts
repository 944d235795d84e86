/** What the sources of idle time say when they agree, when one of them fails, and that no failure keeps a seat open for ever. */
import { describe, expect, test } from 'vitest';
import { compareSources, type IdleReport, SOURCES_START, type SourcesState } from './sources.ts';

type At = (second: number) => Pick<IdleReport, 'osIdleMs' | 'ownIdleMs'> & Partial<IdleReport>;

/** So many seconds of reports, one a second. */
function run(
  seconds: number,
  at: At,
  from: { readonly state: SourcesState; readonly atMs: number } = { state: SOURCES_START, atMs: 1_000 },
) {
  let { state, atMs } = from;
  let idleMs = 0;
  for (let second = 1; second <= seconds; second += 1) {
    atMs += 1_000;
    ({ state, idleMs } = compareSources(state, { atMs, card: 'unknown', nativeFront: false, ...at(second) }));
  }
  return { state, atMs, idleMs };
}

const untouched: At = (second) => ({ osIdleMs: second * 1_000, ownIdleMs: second * 1_000 });
/** Somebody types in an application: no page of the seat sees it, with a rest of four seconds now and then. */
const inApplication: At = (second) => ({
  osIdleMs: second % 30 < 26 ? 0 : ((second % 30) - 25) * 1_000,
  ownIdleMs: second * 1_000,
  nativeFront: true,
});
/** A clip in a web app ends every twelve seconds, and the system counts that as input. */
const clips: At = (second) => ({ osIdleMs: (second % 12) * 1_000, ownIdleMs: second * 1_000 });
const inPages: At = () => ({ osIdleMs: 0, ownIdleMs: 300 });
const blind: At = (second) => ({ osIdleMs: 3_600_000 + second * 1_000, ownIdleMs: 400 });
const stuckAtZero: At = (second) => ({ osIdleMs: 0, ownIdleMs: second * 1_000 });
const stuckAtForty: At = (second) => ({ osIdleMs: 40_000, ownIdleMs: second * 1_000 });

describe('sources that agree', () => {
  test.each([
    ['a seat that nobody touches', untouched, 3_600_000],
    ['work in an application', inApplication, 0],
    ['work in the seat’s own pages', inPages, 300],
    ['escape 62: clips that play in a web app', clips, 3_600_000],
  ])('%s: the latest input counts, without a doubt, for an hour', (_name, at, idleMs) => {
    const ran = run(3_600, at);
    expect(ran.state.doubt).toBeNull();
    expect(ran.idleMs).toBe(idleMs);
  });

  test('work in an application counts until it was, once the application is gone, and what the system says after that does not', () => {
    const worked = run(600, inApplication);
    const after = run(60, (second) => ({ ...clips(second), ownIdleMs: 600_000 + second * 1_000 }), worked);
    expect(after.idleMs).toBe(60_000);
    expect(after.state.doubt).toBeNull();
  });

  test('the self-test is passed once the system’s idle time was seen to grow, and not before', () => {
    expect(run(60, stuckAtZero).state.proven).toBe(false);
    expect(run(60, stuckAtForty).state.proven).toBe(false);
    expect(run(4, untouched).state.proven).toBe(true);
  });
});

describe('a source that fails', () => {
  test.each([
    ['stands at zero for ever', stuckAtZero, 'osFrozen'],
    ['stands still at some value', stuckAtForty, 'osFrozen'],
  ] as const)('the system’s idle time that %s is doubted after five minutes, and the strictest counts', (_name, at, doubt) => {
    expect(run(299, at).state.doubt).toBeNull();
    const ran = run(302, at);
    expect(ran.state.doubt).toBe(doubt);
    expect(ran.idleMs).toBe(302_000);
  });

  test('a system that does not see what the pages see is doubted after three minutes, not by a moment of it', () => {
    expect(run(170, blind).state.doubt).toBeNull();
    const ran = run(182, blind);
    expect(ran.state.doubt).toBe('osBlind');
    expect(ran.idleMs).toBe(3_600_000 + 182_000);
    const rare = run(3_600, (second) => (second % 100 === 0 ? blind(second) : inPages(second)));
    expect(rare.state.doubt).toBeNull();
  });

  test('input that goes on without the card which must lie there counts no more after two minutes', () => {
    const away: At = () => ({ osIdleMs: 0, ownIdleMs: 0, card: 'away' });
    const clipsAway: At = (second) => ({ ...clips(second), card: 'away' });
    expect(run(119, away).state.doubt).toBeNull();
    const ran = run(125, away);
    expect(ran.state.doubt).toBe('cardAway');
    expect(ran.idleMs).toBe(124_000);
    expect(run(3_600, () => ({ osIdleMs: 0, ownIdleMs: 0, card: 'lying' })).state.doubt).toBeNull();
    expect(run(3_600, clipsAway).state.doubt).toBeNull();
  });

  test('is believed again after half a minute in which it did what it must, and no sooner', () => {
    const frozen = run(400, stuckAtZero);
    expect(run(25, untouched, frozen).state.doubt).toBe('osFrozen');
    expect(run(40, untouched, frozen).state.doubt).toBeNull();
    const unseeing = run(400, blind);
    expect(run(200, (second) => ({ osIdleMs: second * 1_000, ownIdleMs: second * 1_000 }), unseeing).state.doubt).toBe('osBlind');
    expect(run(31, inPages, unseeing).state.doubt).toBeNull();
  });
});

test('a suspend, or other screens, makes no contradiction of what was before it', () => {
  const before = run(30, inPages);
  const after = run(3, () => ({ osIdleMs: 0, ownIdleMs: 28_800_000, nativeFront: true }), { ...before, atMs: before.atMs + 28_800_000 });
  expect(after.state.doubt).toBeNull();
  expect(after.idleMs).toBe(0);
});
