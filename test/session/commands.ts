/**
 * Sequences of everything that can happen to a seat, as fast-check commands: taps, PINs, faults, lost effects, kills,
 * reboots, clocks, policies and what the server tells. Each step is held against the laws. For tests only.
 */
import fc from 'fast-check';
import type { PersonFact, SeatEvent, SeatRules, Who } from '../../core/session/types.ts';
import { World } from '../../core/session/world.ts';
import { checkGuesses, checkRecord, checkWorld, killed, LONGEST_PROCEDURE_MS, lawful, people, vendor } from './laws.ts';

/** The laws are the model: each step is held against them, so nothing else has to be kept beside the seat. */
type Model = Record<string, never>;
type Command = fc.Command<Model, World>;

/** One kind of step. Each may come at any time: what makes no sense then must do no harm. */
function command(name: string, run: (world: World) => void): Command {
  return { check: () => true, run: (_model, world) => run(world), toString: () => name };
}

const who = fc.constantFrom(...people, vendor);
const always = <T extends SeatEvent>(event: T) => fc.constant(sent(event));
const sent = (event: SeatEvent): Command => command(JSON.stringify(event), (world) => void world.send(event));

function mistype(world: World, one: Who): void {
  world.tap(one);
  world.send({ type: 'PinEntered', pin: '0000' });
  world.settleGuess(false);
}

function leave(world: World): void {
  world.send({ type: 'LogoutPressed' });
  world.settle();
}

/** A kill leaves sessions open in the record: the agent writes their end when it comes up, which is not the machines' work. */
function kill(world: World, reboot: boolean): void {
  for (const record of world.durable) {
    if (record.type === 'session.started' || record.type === 'breakglass.started') killed.add(record.body.session);
  }
  world.uiConnected = true;
  world.restart(reboot);
}

function heldOf({ seat: { session } }: World): string {
  if (session.at === 'active') return session.session.id;
  return session.at === 'authenticating' && session.held !== null ? session.held.id : 'f'.repeat(32);
}

const GRACE_MS = 14_400_000;
const limits = { minDigits: 4, maxFailures: 6, firstWaitMs: 30_000 };
const policies: fc.Arbitrary<SeatRules> = fc.record({
  policyVersion: fc.constantFrom(4, 5),
  warnAfterMs: fc.constantFrom(5_000, 60_000, 600_000),
  warningMs: fc.constantFrom(20_000, 60_000),
  blurMs: fc.constantFrom(0, 10_000, 120_000),
  tapQuestionMs: fc.constantFrom(0, 3_000, 20_000),
  keepMs: fc.constantFrom(0, 600_000),
  maxSessionMs: fc.constantFrom(60_000, 3_600_000),
  procedureMs: fc.constantFrom(0, 60_000, LONGEST_PROCEDURE_MS),
  pin: fc.constant(limits),
  graceMs: fc.constantFrom({}, { nurse: GRACE_MS, vendor: GRACE_MS }),
  byName: fc.constantFrom([], ['nurse']),
  secondRoles: fc.constant({ vendor: ['nurse'] }),
  confirmedMs: fc.constantFrom({}, { nurse: 300_000 }),
  removalLocks: fc.boolean(),
  breakGlass: fc.record({
    enabled: fc.boolean(),
    needsBadge: fc.boolean(),
    limitMs: fc.constantFrom(60_000, 900_000),
    unrecordedMs: fc.constantFrom(0, 900_000),
    reasons: fc.constant(['code-blue']),
  }),
});
interface Told {
  readonly failuresElsewhere: number;
  readonly rightAgoMs: number | null;
  readonly askedAgoMs: number;
}
const told: fc.Arbitrary<Told> = fc.record({
  failuresElsewhere: fc.constantFrom(0, 1, 93, 94, 99, 100),
  rightAgoMs: fc.option(fc.integer({ min: 0, max: 7_200_000 })),
  askedAgoMs: fc.integer({ min: 0, max: 600_000 }),
});

function tell(world: World, one: Who, { failuresElsewhere, rightAgoMs, askedAgoMs }: Told): void {
  if (one.pinId === null) return;
  const fact: PersonFact = {
    pinId: one.pinId,
    failuresElsewhere,
    rightBootMs: rightAgoMs === null ? null : world.bootMs - rightAgoMs,
    askedBootMs: world.bootMs - askedAgoMs,
  };
  world.facts = { ...world.facts, [one.id]: fact };
}

const clock = fc.integer({ min: -90_000_000_000, max: 90_000_000_000 });

const commands: readonly fc.Arbitrary<Command>[] = [
  ...repeated(
    8,
    who.map((one) => command(`tap ${one.id}`, (world) => void world.tap(one))),
  ),
  ...repeated(6, always({ type: 'PinEntered', pin: '1234' })),
  ...repeated(
    10,
    who.map((one) => command(`wrong PIN of ${one.id}`, (world) => mistype(world, one))),
  ),
  ...repeated(
    8,
    fc.boolean().map((right) => command(`PIN ${right ? 'right' : 'wrong'}`, (world) => world.settleGuess(right))),
  ),
  ...repeated(
    12,
    fc.boolean().map((durably) => command(`append ${durably ? 'done' : 'failed'}`, (world) => world.settleAppend(durably))),
  ),
  ...repeated(
    6,
    fc.boolean().map((clean) => command(`ended ${clean ? 'clean' : 'unclean'}`, (world) => world.settleEnding(clean))),
  ),
  ...repeated(
    6,
    fc.integer({ min: 1, max: 4_000_000 }).map((ms) => command(`advance ${ms}`, (world) => world.advance(ms))),
  ),
  ...repeated(
    6,
    fc.integer({ min: 1, max: 40_000 }).map((ms) => command(`advance ${ms}`, (world) => world.advance(ms))),
  ),
  ...repeated(
    6,
    who.map((one) => command(`sign in ${one.id}`, (world) => world.signIn(one))),
  ),
  ...repeated(
    4,
    fc.integer({ min: 0, max: 90_000 }).chain((idleMs) => always({ type: 'Activity', idleMs })),
  ),
  ...repeated(
    3,
    fc.boolean().chain((on) => always({ type: 'ProcedurePressed', on })),
  ),
  ...repeated(
    2,
    always({ type: 'StayPressed' }),
    always({ type: 'LockPressed' }),
    always({ type: 'HandOverPressed' }),
    always({ type: 'WitnessPressed' }),
  ),
  ...repeated(
    3,
    fc.integer({ min: 0, max: 600_000 }).map((agoMs) =>
      command(`taken elsewhere ${agoMs} ms ago`, (world) => {
        world.send({ type: 'TakenElsewhere', session: heldOf(world), seatName: 'Bay 4', sinceBootMs: world.bootMs - agoMs });
      }),
    ),
  ),
  ...repeated(4, fc.constant(command('leave', leave))),
  ...repeated(4, fc.constant(command('settle', (world) => world.settle()))),
  who.map((one) => command(`name ${one.id}`, (world) => void world.name(one))),
  who.chain((one) => always({ type: 'BadgeRead', badge: `card-${one.id}`, by: 'card', standing: 'ok', who: one })),
  who.chain((one) => always({ type: 'BadgeRemoved', badge: `badge-${one.id}`, person: one.id })),
  always({ type: 'ReaderState', presence: { watching: true, lying: [] } }),
  who.chain((one) => always({ type: 'ReaderState', presence: { watching: true, lying: [`badge-${one.id}`] } })),
  always({ type: 'BadgeRead', badge: null, standing: 'unreadable', who: null }),
  always({ type: 'CancelPressed' }),
  always({ type: 'LogoutPressed' }),
  ...repeated(2, always({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' })),
  always({ type: 'BadgeRead', badge: 'stranger', standing: 'unknown', who: null }),
  always({ type: 'PowerChanged', what: 'suspend' }),
  always({ type: 'EnforcementFailed', why: 'landlock' }),
  always({ type: 'Repaired' }),
  always({ type: 'RecordLost', code: 'AUDIT_APPEND_FAILED' }),
  who.chain((one) => always({ type: 'PersonsRevoked', ids: [one.id] })),
  // A screen that is gone stays gone until another one comes: nothing tells the machines of that but their surroundings.
  fc.constantFrom('closed', 'hung').map((reason) =>
    command('screen lost', (world) => {
      world.uiConnected = false;
      world.send({ type: 'UiLost', reason });
    }),
  ),
  ...repeated(2, fc.constant(command('screen back', (world) => void Object.assign(world, { uiConnected: true })))),
  fc.constant(
    command('policy expired', (world) => {
      world.policy = 'expired';
      world.send({ type: 'PolicyLost' });
    }),
  ),
  ...repeated(
    2,
    policies.map((next) =>
      command(`policy ${JSON.stringify(next)}`, (world) => void Object.assign(world, { rules: next, policy: 'active' })),
    ),
  ),
  fc
    .constantFrom('fresh', 'old', 'old', 'tooOld')
    .map((age) => command(`staff ${age}`, (world) => void Object.assign(world, { staff: age }))),
  ...repeated(
    2,
    fc.tuple(who, told).map(([one, fact]) => command(`told of ${one.id} ${JSON.stringify(fact)}`, (world) => tell(world, one, fact))),
  ),
  clock.map((ms) =>
    command(`clock ${ms}`, (world) => {
      world.wallMs += ms;
      world.send({ type: 'ClockStepped', seconds: Math.trunc(ms / 1000) });
    }),
  ),
  fc.boolean().map((reboot) => command(reboot ? 'reboot' : 'kill', (world) => kill(world, reboot))),
];

/** `fc.commands` knows no weights: what should come more often is named more often. */
function repeated(times: number, ...those: readonly fc.Arbitrary<Command>[]): fc.Arbitrary<Command>[] {
  return Array.from({ length: times }, () => those).flat();
}

/** Commands of the longest sequence. */
const LONGEST = 80;

export interface Trial {
  readonly runs: number;
  readonly seed: number;
}

/** Tries so many sequences and throws at the first that breaks a law, with its seed and the shortest form of it. */
export function checkLaws({ runs, seed }: Trial): void {
  fc.assert(
    fc.property(policies, fc.commands([...commands], { maxCommands: LONGEST, size: 'max' }), (first, sequence) => {
      killed.clear();
      const rightAt = new Set<number>();
      const { watch } = lawful();
      const world: World = new World((before, event, after) => {
        watch(before, event, after);
        checkWorld(world, before, event, after);
        const cleared = after.effects.some((effect) => effect.do === 'saveThrottle' && effect.throttle === null);
        if (event.type === 'PinChecked' && event.right && cleared)
          rightAt.add(world.allGuesses.findLastIndex((guess) => guess.attempt === event.attempt));
      });
      world.rules = first;
      fc.modelRun(() => ({ model: {}, real: world }), sequence);
      checkRecord(world);
      checkGuesses(world, rightAt, limits);
    }),
    { numRuns: runs, seed },
  );
}

/** The seed of this run: named by the environment, or new. It is printed either way, so that any run can be had again. */
export function trialSeed(): number {
  const named = Number(process.env['WARDLOCK_SEED']);
  const seed = Number.isSafeInteger(named) && named > 0 ? named : Math.floor(Math.random() * 2 ** 31) + 1;
  process.stdout.write(`sequences from seed ${seed}; the same again: WARDLOCK_SEED=${seed}\n`);
  return seed;
}
