/** What the seat does with idle times: it tells the machines, and says on the screen and in the record when it doubts them. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import type { IdleReport } from '../../core/idle/sources.ts';
import { person, rules, World } from '../../core/session/world.ts';
import { makeTrace, type TraceName } from '../../test/session/traces.ts';
import { SeatIdle } from './idle.ts';

const ada = person('ada');
let world: World;
let noted: AuditEvent[];
let changes: number;
let idle: SeatIdle;

beforeEach(() => {
  world = new World();
  world.rules = { ...rules, maxSessionMs: 86_400_000 };
  noted = [];
  changes = 0;
  idle = new SeatIdle({
    clock: { bootMs: () => world.bootMs },
    rules: () => world.rules,
    presence: () => world.seat.common.presence,
    holderOf: (badge) => /^badge-(?<id>.+)$/u.exec(badge)?.groups?.['id'] ?? null,
    openSession: () => (world.seat.session.at === 'active' && world.seat.lock.at !== 'locked' ? world.seat.session.session : null),
    note: (event) => void noted.push(event),
    idle: (idleMs) => void world.send({ type: 'Activity', idleMs }),
    changed: () => {
      changes += 1;
    },
  });
});

/** So many seconds, with a report in each. */
function pass(
  seconds: number,
  at: (second: number) => Pick<IdleReport, 'osIdleMs' | 'ownIdleMs'> & Partial<Pick<IdleReport, 'nativeFront'>>,
): void {
  for (let second = 1; second <= seconds; second += 1) {
    world.advance(1_000);
    idle.report({ nativeFront: false, ...at(second) });
  }
}

const untouched = (second: number) => ({ osIdleMs: second * 1_000, ownIdleMs: second * 1_000 });
const stuck = (second: number) => ({ osIdleMs: 0, ownIdleMs: second * 1_000, nativeFront: true });
const typed = makeTrace('typing', 7, 3_600).ages;
const working = (second: number) => ({
  osIdleMs: Math.floor((typed[second - 1] ?? 0) / 1_000) * 1_000,
  ownIdleMs: 3_000,
  nativeFront: true,
});

describe('idle time', () => {
  test('is tested at the locked seat from the start on, without a word to the machines', () => {
    expect(idle.truth).toEqual({ confidence: 'testing', reason: null });
    pass(10, untouched);
    expect(idle.truth).toEqual({ confidence: 'full', reason: null });
    expect(noted).toEqual([]);
  });

  test('that stands still locks the seat all the same, is recorded once with the session, and shown until it moves again', () => {
    world.signIn(ada);
    pass(400, stuck);
    expect(world.seat.lock.at).toBe('locked');
    const session = world.seat.session.at === 'active' ? world.seat.session.session.id : '';
    expect(noted).toEqual([
      {
        type: 'idle.judged',
        body: { session, confidence: 'low', reason: 'os-frozen', osIdleSeconds: 0, ownIdleSeconds: 301 },
      },
    ]);
    expect(idle.truth).toEqual({ confidence: 'low', reason: 'osFrozen' });
    expect(changes).toBe(1);
    pass(60, untouched);
    expect(idle.truth).toEqual({ confidence: 'full', reason: null });
    expect(noted.at(-1)).toMatchObject({ body: { session: null, confidence: 'full', reason: 'agreed' } });
  });

  test('of a person at work keeps the seat open for an hour and is never doubted', () => {
    world.signIn(ada);
    pass(3_600, working);
    expect(world.seat.lock.at).toBe('unlocked');
    expect(noted).toEqual([]);
  });

  test.each([
    ['without it', []],
    ['with somebody else’s', ['badge-ben']],
    ['with a stranger’s', ['unknown']],
  ])('needs the card of a seat where it must lie: %s input does not keep the seat open', (_name, lying) => {
    world.send({ type: 'ReaderState', presence: { watching: true, lying: ['badge-ada'] } });
    world.signIn(ada);
    pass(600, working);
    expect(world.seat.lock.at).toBe('unlocked');
    world.send({ type: 'ReaderState', presence: { watching: true, lying } });
    pass(260, working);
    expect(world.seat.lock.at).toBe('locked');
    expect(noted.map(({ body }) => body)).toMatchObject([{ confidence: 'low', reason: 'card-away' }, { confidence: 'full' }]);
  });
});

test.each([
  ['is put back within two minutes, the seat stays open', 60, 'unlocked'],
  ['stays away, input does not keep the seat open', 600, 'locked'],
] as const)('a card that made room for the second person’s: where it %s', (_name, awaySeconds, at) => {
  world.rules = { ...rules, maxSessionMs: 86_400_000, secondRoles: { nurse: ['nurse'] } };
  world.signIn(ada);
  world.send({ type: 'BadgeRemoved', badge: 'badge-ada', person: 'ada' });
  world.advance(1_000);
  world.send({ type: 'ReaderState', presence: { watching: true, lying: ['badge-ben'] } });
  world.signIn(person('ben'));
  expect(world.seat.session).toMatchObject({ session: { who: { id: 'ada' }, factors: ['badge', 'pin', 'second'] } });
  pass(awaySeconds, working);
  if (at === 'unlocked') world.send({ type: 'ReaderState', presence: { watching: true, lying: ['badge-ada'] } });
  pass(260, working);
  expect(world.seat.lock.at).toBe(at);
  expect(noted.some(({ body }) => 'reason' in body && body.reason === 'card-away')).toBe(at === 'locked');
});

/** A trace as the system tells it, in whole seconds; the application's window is no page of the seat. */
function live(name: TraceName, seconds: number): void {
  const { ages } = makeTrace(name, 62, seconds);
  pass(seconds, (second) => ({
    osIdleMs: Math.floor((ages[second - 1] ?? 0) / 1_000) * 1_000,
    ownIdleMs: second * 200,
    nativeFront: true,
  }));
}

describe('what keeps a seat open without a person', () => {
  beforeEach(() => {
    world.rules = { ...rules, warnAfterMs: 120_000, maxSessionMs: 86_400_000 };
    world.signIn(ada);
  });

  test.each([
    ['escape 62 in session: a weighted space bar', 'weighted-key', 'never-rests'],
    ['escape 62 in session: a mouse jiggler that never rests', 'quick-jiggler', 'never-rests'],
    ['escape 62 in session: a mouse jiggler that moves twice a minute', 'slow-jiggler', 'clockwork'],
    ['escape 62 in session: a mouse jiggler that moves once a minute', 'minute-jiggler', 'clockwork'],
  ] as const)('%s does not keep the seat open: it warns and locks, and the record says why', (_name, trace, reason) => {
    live(trace, 900);
    expect(world.seat.lock.at).toBe('locked');
    expect(noted[0]?.body).toMatchObject({ confidence: 'low', reason });
    expect(world.durable.map(({ type }) => type)).toEqual(['session.started', 'session.warned', 'session.locked']);
  });

  test('escape 62 in session: clips that play in a web app are no input: the seat warns and locks after its idle time', () => {
    // The system counts the end of each as input.
    const clips = (second: number) => ({ osIdleMs: (second % 12) * 1_000, ownIdleMs: second * 1_000 });
    pass(119, clips);
    expect(world.seat.lock.at).toBe('unlocked');
    pass(2, (second) => clips(119 + second));
    expect(world.seat.lock.at).toBe('warning');
    pass(20, (second) => clips(121 + second));
    expect(world.seat.lock.at).toBe('locked');
    expect(noted).toEqual([]);
  });

  test.each(['weighted-key', 'quick-jiggler', 'minute-jiggler'] as const)(
    'escape 62 locked: %s keeps no prompt open, makes no kept work last longer, and opens nothing',
    (trace) => {
      world.rules = { ...rules, keepMs: 960_000 };
      world.send({ type: 'LockPressed' });
      world.advance(5_000);
      world.tap(ada);
      live(trace, 60);
      expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'locked' } });
      live(trace, 900);
      expect(world.seat).toMatchObject({ session: { at: 'ending' }, lock: { at: 'locked' } });
      expect(world.durable.at(-1)).toMatchObject({ type: 'session.ended', body: { reason: 'keep-over' } });
      expect(world.durable.filter(({ type }) => type === 'session.started' || type === 'session.unlocked')).toHaveLength(1);
    },
  );

  test.each(['typing', 'charting', 'reading-with-scroll'] as const)('honest work stays open, without a word: %s', (trace) => {
    live(trace, 1_800);
    expect(world.seat.lock.at).toBe('unlocked');
    expect(noted).toEqual([]);
  });

  test('the next person is not blamed for the thing of the one before', () => {
    live('weighted-key', 900);
    expect(world.seat.lock.at).toBe('locked');
    expect(idle.truth.reason).toBeNull();
  });
});
