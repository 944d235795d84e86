/** The picture of any seat that the machines can reach: it fits its contract and shows nobody else's work. */
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { type Message, SeatView } from '../../contract/seat-view.ts';
import { USUAL_RHYTHM } from '../../core/reader/wedge.ts';
import { isOpen } from '../../core/session/open.ts';
import type { SeatRules } from '../../core/session/types.ts';
import { person, rules, World } from '../../core/session/world.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import { testDocument } from './test-document.ts';
import { seatView, type ViewFacts } from './view.ts';

const snapshot: PolicySnapshot = { document: testDocument, version: 4, sha256: '0'.repeat(64), expiresWallMs: Number.MAX_SAFE_INTEGER };

function pictureOf(world: World, more: Partial<ViewFacts> = {}): SeatView {
  const facts: ViewFacts = {
    generation: 1,
    seat: world.seat,
    env: world.env(),
    snapshot,
    where: { ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 0 },
    names: { seatName: 'Bay 4', wardName: 'ICU' },
    pinDigits: () => 6,
    appState: () => undefined,
    appMessage: null,
    trouble: null,
    wedge: USUAL_RHYTHM,
    signIn: { byName: false, suggests: false, byCode: false, newBadge: false },
    pinRule: null,
    localAlarm: null,
    lastLogin: { at: '2030-01-01T00:00:00Z', seatName: 'Bay 2' },
    enforcement: { name: 'enforced', missing: [] },
    enrolment: null,
    truth: {
      reader: { state: 'none', name: 'none' },
      connection: { state: 'online', since: '2030-01-01T00:00:00Z' },
      storage: { state: 'ok', daysLeft: 9, unreceipted: 0 },
      policy: { state: 'active', version: 4 },
      keys: { protection: 'file', meaning: 'A file.' },
      staff: { state: 'fresh', asOf: null },
      idle: { confidence: 'full', reason: null },
    },
    recorded: true,
    practice: false,
    ...more,
  };
  return seatView(facts);
}

const ada = person('ada');
const ben = person('ben');
const moves: readonly ((world: World) => void)[] = [
  (world) => void world.tap(ada),
  (world) => void world.tap(ben),
  (world) => void world.send({ type: 'PinEntered', pin: '1234' }),
  (world) => world.settleGuess(true),
  (world) => world.settleGuess(false),
  (world) => world.settleAppend(true),
  (world) => world.settleEnding(true),
  (world) => world.settle(),
  (world) => world.advance(70_000),
  (world) => world.advance(500),
  (world) => world.advance(5_000),
  (world) => void world.send({ type: 'HandOverPressed' }),
  (world) => void world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' }),
  (world) => void world.send({ type: 'LockPressed' }),
  (world) => void world.send({ type: 'LogoutPressed' }),
  (world) => void world.send({ type: 'ProcedurePressed', on: true }),
  (world) => void world.send({ type: 'EnforcementFailed', why: 'x' }),
];

test('of every reachable seat fits the contract; while it is locked there is no session, no application, no path', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...moves), { maxLength: 40 }), (sequence) => {
      const world = new World();
      world.rules = { ...rules, blurMs: 30_000 };
      for (const move of sequence) {
        move(world);
        const view = pictureOf(world);
        expect([...Value.Errors(SeatView, view)]).toEqual([]);
        const open = isOpen(world.seat.lock);
        const isWarned = world.seat.lock.at === 'warning' || world.seat.lock.at === 'blurred';
        expect(view.session !== null).toBe(open);
        expect(open ? view.phase : 'closed').toBe(isWarned ? 'warning' : open ? 'open' : 'closed');
        if (!open) expect(view.apps).toEqual([]);
        expect(JSON.stringify(view)).not.toMatch(/bin.calc|--secret|pin-ada|badge-ada|1234/);
      }
    }),
  );
});

test('of an open seat has the role’s applications and no other', () => {
  const world = new World();
  world.signIn(ada);
  expect(pictureOf(world).apps.map((app) => app.id)).toEqual(['calc', 'web', 'changed']);
});

test('of an open seat shows what is blocked now with why, fits its contract, and gives the screens no address of it', () => {
  const world = new World();
  world.signIn(ada);
  const rules: PolicyDocument['rules'] = [
    { id: 'office', effect: 'deny', apps: ['web'], between: { from: '17:00', until: '07:00' } },
    { id: 'elsewhere', effect: 'deny', apps: ['changed'], wards: ['icu'] },
  ];
  const view = pictureOf(world, { snapshot: { ...snapshot, document: { ...testDocument, rules } }, appState: () => 'running' });
  expect([...Value.Errors(SeatView, view)]).toEqual([]);
  expect(view.apps).toEqual([
    { id: 'calc', name: 'The calc', kind: 'native', icon: 'app', state: 'running' },
    {
      id: 'web',
      name: 'Records',
      kind: 'web',
      icon: 'web',
      state: 'blocked',
      blocked: { kind: 'hours', next: { from: '07:00', inDays: 0 } },
    },
    { id: 'changed', name: 'The changed', kind: 'native', icon: 'app', state: 'blocked', blocked: { kind: 'place' } },
  ]);
});

test('of a seat that refuses for want of a layer blocks what is native, and nothing else', () => {
  const world = new World();
  world.signIn(ada);
  const { apps } = pictureOf(world, { enforcement: { name: 'refusing', missing: [{ layer: 'landlock', meaning: 'It is not there.' }] } });
  expect(apps.map(({ id, blocked }) => [id, blocked?.kind])).toEqual([
    ['calc', 'unenforced'],
    ['web', undefined],
    ['changed', 'unenforced'],
  ]);
});

test('of a takeover shows the newcomer’s prompt and whose work is kept, by initials only', () => {
  const world = new World();
  world.signIn(ada);
  world.advance(5_000);
  world.tap(ben);
  expect(pictureOf(world)).toMatchObject({
    phase: 'authenticating',
    prompt: { kind: 'pin', purpose: 'takeover', person: { initials: 'BE' }, minDigits: 6, maxDigits: 6 },
    kept: { initials: 'AD' },
    session: null,
  });
});

test('of a tap while the former session ends says at once that it counted, and names nobody', () => {
  const world = new World();
  world.signIn(ada);
  world.advance(5_000);
  world.send({ type: 'LogoutPressed' });
  expect(pictureOf(world)).toMatchObject({ phase: 'locked', prompt: null });
  world.tap(ben);
  expect(pictureOf(world)).toMatchObject({ phase: 'authenticating', prompt: { kind: 'checking' }, session: null, kept: null });
  expect(JSON.stringify(pictureOf(world))).not.toMatch(/ben/);
  world.settleEnding(true);
  expect(pictureOf(world)).toMatchObject({ prompt: { kind: 'pin', purpose: 'open' } });
});

test('a procedure in progress is offered by the policy alone and shows until when it keeps the seat open', () => {
  const world = new World();
  world.signIn(ada);
  expect(pictureOf(world).session?.procedure).toEqual({ offeredSeconds: 900, until: null });
  world.send({ type: 'ProcedurePressed', on: true });
  expect(pictureOf(world).session?.procedure.until).toBeNull();
  world.settle();
  const until = new Date(world.wallMs + 900_000).toISOString();
  world.advance(60_000);
  expect(pictureOf(world).session?.procedure).toEqual({ offeredSeconds: 900, until });
});

test('an open seat that nobody touches for a minute says who is signed in, until somebody does; an emergency without a name does not', () => {
  const world = new World();
  world.rules = { ...rules, warnAfterMs: 600_000 };
  world.signIn(ada);
  world.advance(59_999);
  expect(pictureOf(world).session?.reminder).toBe(false);
  world.advance(1);
  expect(pictureOf(world).session?.reminder).toBe(true);
  world.send({ type: 'Activity', idleMs: 0 });
  expect(pictureOf(world).session?.reminder).toBe(false);
  world.send({ type: 'LogoutPressed' });
  world.settle();
  world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  world.settle();
  world.advance(120_000);
  expect(pictureOf(world).session).toMatchObject({ kind: 'breakglass', reminder: false });
});

test('what IT must mend is said while nobody works, and gives way to what just happened', () => {
  const world = new World();
  const trouble = { key: 'clock.wrong', params: {}, code: 'SESSION_CLOCK_WRONG' } as const;
  expect(pictureOf(world, { trouble }).message).toMatchObject({ key: 'clock.wrong', code: 'SESSION_CLOCK_WRONG' });
  world.send({ type: 'BadgeRead', badge: null, standing: 'tooLong', who: null });
  world.settle();
  expect(pictureOf(world, { trouble }).message).toMatchObject({ key: 'reader.tooLong', code: 'SESSION_READER_TOO_LONG' });
  expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason: 'reader.too-long' } });
  world.signIn(ada);
  expect(pictureOf(world, { trouble })).toMatchObject({ phase: 'open', message: null });
});

describe('what a message says of emergency access', () => {
  const said = (key: Message['key'], breakGlass: Partial<SeatRules['breakGlass']>): unknown => {
    const world = new World();
    world.rules = { ...rules, breakGlass: { ...rules.breakGlass, ...breakGlass } };
    return pictureOf(world, { trouble: { key, params: {} } }).message?.params['emergency'];
  };

  test.each([
    ['store.broken', 'ifRecorded'],
    ['store.full', 'ifRecorded'],
    ['policy.expired', 'works'],
    ['staff.tooOld', 'works'],
    ['clock.wrong', 'works'],
  ] as const)(
    '%s: that it works where the policy gives it, that it may not where it has to be recorded, nothing where there is none',
    (key, strict) => {
      expect(said(key, { unrecordedMs: 900_000 })).toBe('works');
      expect(said(key, { unrecordedMs: 0 })).toBe(strict);
      expect(said(key, { enabled: false })).toBeUndefined();
    },
  );

  test('is nothing where the message is of something else', () => expect(said('pin.wrong', {})).toBeUndefined());
});
