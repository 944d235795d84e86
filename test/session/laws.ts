/**
 * The laws of the design as a property: any sequence of taps, PINs, faults, lost effects, kills and reboots keeps them. For
 * tests; it must never be imported by the product.
 */
import fc from 'fast-check';
import { lockTable } from '../../core/session/lock.ts';
import { SESSION_TIMERS } from '../../core/session/moves.ts';
import { isOpen as isOpenLock } from '../../core/session/open.ts';
import type { SessionRecord } from '../../core/session/records.ts';
import { sessionTable } from '../../core/session/step.ts';
import { waitAfter } from '../../core/session/throttle.ts';
import type { Effect, LockAt, Seat, SeatEvent, SeatEventType, Stepped, Who } from '../../core/session/types.ts';
import { person, rules, World } from '../../core/session/world.ts';

export const people = [person('ada'), person('ben'), person('cay')];
/** Whom somebody else must confirm. */
const vendor: Who = { ...person('vera'), role: 'vendor' };
const FAULTS: readonly SeatEventType[] = ['UiLost', 'PowerChanged', 'ClockStepped', 'EnforcementFailed', 'PolicyLost'];
const OPENING = ['session.started', 'session.unlocked', 'breakglass.started'];
const isOpen = (seat: Seat): boolean => isOpenLock(seat.lock);
/** The clock that closes each state of an open seat. */
const CLOCKS = { unlocked: 'idle', warning: 'warning', blurred: 'blur', asking: 'ask' } as const;

type Action = (world: World) => void;

const who = fc.constantFrom(...people, vendor);
function mistype(world: World, one: Who): void {
  world.tap(one);
  world.send({ type: 'PinEntered', pin: '0000' });
  world.settleGuess(false);
}

const plain = (event: SeatEvent): fc.Arbitrary<readonly [string, Action]> =>
  fc.constant([event.type, (world: World) => void world.send(event)] as const);
const actions: fc.Arbitrary<readonly [string, Action]> = fc.oneof(
  { weight: 8, arbitrary: who.map((one) => [`tap ${one.id}`, (world: World) => void world.tap(one)] as const) },
  { weight: 6, arbitrary: plain({ type: 'PinEntered', pin: '1234' }) },
  { weight: 10, arbitrary: who.map((one) => [`wrong PIN of ${one.id}`, (world: World) => mistype(world, one)] as const) },
  {
    weight: 8,
    arbitrary: fc.boolean().map((right) => [`pin ${right ? 'right' : 'wrong'}`, (world: World) => world.settleGuess(right)] as const),
  },
  {
    weight: 12,
    arbitrary: fc
      .boolean()
      .map((durably) => [`append ${durably ? 'done' : 'failed'}`, (world: World) => world.settleAppend(durably)] as const),
  },
  {
    weight: 6,
    arbitrary: fc.boolean().map((clean) => [`ended ${clean ? 'clean' : 'unclean'}`, (world: World) => world.settleEnding(clean)] as const),
  },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 4_000_000 }).map((ms) => [`advance ${ms}`, (world: World) => world.advance(ms)] as const),
  },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 40_000 }).map((ms) => [`advance ${ms}`, (world: World) => world.advance(ms)] as const),
  },
  { weight: 5, arbitrary: who.map((one) => [`sign in ${one.id}`, (world: World) => world.signIn(one)] as const) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 90_000 }).chain((idleMs) => plain({ type: 'Activity', idleMs })) },
  who.map((one) => [`name ${one.id}`, (world: World) => void world.name(one)] as const),
  who.chain((one) => plain({ type: 'BadgeRead', badge: `card-${one.id}`, by: 'card', standing: 'ok', who: one })),
  who.chain((one) => plain({ type: 'BadgeRemoved', badge: `badge-${one.id}`, person: one.id })),
  plain({ type: 'ReaderState', presence: { watching: true, lying: [] } }),
  plain({ type: 'BadgeRead', badge: null, standing: 'unreadable', who: null }),
  plain({ type: 'CancelPressed' }),
  plain({ type: 'LockPressed' }),
  plain({ type: 'LogoutPressed' }),
  plain({ type: 'StayPressed' }),
  { weight: 3, arbitrary: fc.boolean().chain((on) => plain({ type: 'ProcedurePressed', on })) },
  plain({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' }),
  plain({ type: 'BadgeRead', badge: 'stranger', standing: 'unknown', who: null }),
  plain({ type: 'UiLost', reason: 'closed' }),
  plain({ type: 'PowerChanged', what: 'suspend' }),
  plain({ type: 'EnforcementFailed', why: 'landlock' }),
  plain({ type: 'Repaired' }),
  plain({ type: 'PolicyLost' }),
  who.chain((one) => plain({ type: 'PersonsRevoked', ids: [one.id] })),
  fc.integer({ min: -90_000_000_000, max: 90_000_000_000 }).map(
    (ms) =>
      [
        `clock ${ms}`,
        (world: World) => {
          world.wallMs += ms;
          world.send({ type: 'ClockStepped', seconds: Math.trunc(ms / 1000) });
        },
      ] as const,
  ),
  fc.boolean().map((reboot) => [reboot ? 'reboot' : 'kill', (world: World) => world.restart(reboot)] as const),
);

function waysOf(at: LockAt): readonly LockAt[] {
  const rows: Readonly<Record<string, { readonly leadsTo: readonly LockAt[] }>> = lockTable[at];
  return Object.values(rows).flatMap((row) => row.leadsTo);
}

interface Opening {
  readonly opens: boolean;
  readonly session: string | null;
}

function openingOf(record: SessionRecord): Opening {
  return { opens: OPENING.includes(record.type), session: 'session' in record.body ? record.body.session : null };
}

/** Only a badge is ever enough by itself, a name never without the PIN, and no card opens anything without being used up. */
function checkFactors({ record, card }: Extract<Effect, { do: 'append' }>): void {
  if (record.type !== 'session.started' && record.type !== 'session.unlocked') return;
  const { factors } = record.body;
  const needsSecond = record.type === 'session.started' && record.body.role === 'vendor';
  if (needsSecond !== factors.includes('second')) throw new Error(`${record.type} by ${factors.join()}`);
  if (!factors.includes('pin') && !['badge', 'badge,second'].includes(factors.join())) throw new Error(`opened by ${factors.join()} alone`);
  if (factors.includes('card') !== (card !== undefined)) throw new Error('a card was not used up');
}

/** A procedure is in progress at an open seat only, and never begins before its event is durable. */
function checkProcedure({ session, lock, common }: Seat, event: SeatEvent): void {
  const held = session.at === 'active' || session.at === 'ending' ? session.session : session.at === 'authenticating' ? session.held : null;
  if (held === null || held.procedure === null) return;
  if (!isOpenLock(lock)) throw new Error(`${event.type} left a procedure going on behind the lock`);
  if (held.procedure.limitMs > rules.procedureMs) throw new Error('a procedure is longer than the policy says');
  if (held.procedure.untilBootMs === null && event.type === 'Appended' && event.ticket === held.procedure.ticket && event.recorded)
    throw new Error('a procedure that is in the record did not begin');
  if (held.procedure.ticket > common.serial) throw new Error('a procedure has a ticket that nobody drew');
}

/** An open seat has a clock that closes it, no later than the longest that the policy allows without input. */
function checkClocks(world: World): void {
  const { seat, timers, bootMs } = world;
  const { at } = seat.lock;
  const clock = at === 'unlocked' || at === 'warning' || at === 'blurred' || at === 'asking' ? CLOCKS[at] : null;
  for (const other of Object.values(CLOCKS))
    if (other !== clock && timers.has(other)) throw new Error(`the clock ${other} goes on while the seat is ${at}`);
  if (clock === null) return;
  const due = timers.get(clock);
  if (due === undefined) throw new Error(`an open seat has no ${seat.lock.at} clock`);
  if (due > bootMs + Math.max(rules.warnAfterMs, rules.procedureMs)) throw new Error('an open seat closes too late');
}

/** A timer of a session ends with it: one that went on would act on whoever comes next. */
function checkTimers({ seat: { session }, timers }: World, event: SeatEvent): void {
  const held = session.at === 'active' ? session.session : session.at === 'authenticating' ? session.held : null;
  const left = [...SESSION_TIMERS, 'procedure' as const].filter((timer) => timers.has(timer));
  if (held === null && left.length > 0) throw new Error(`${event.type} left the timer ${left.join()} of a session that is over`);
  if (held !== null && held.limitBootMs === null && timers.has('limit'))
    throw new Error(`${event.type} left a limit to a session that has none`);
}

/** A watch for a world: throws as soon as a step breaks a law. */
export function lawful(): { readonly watch: World['watch'] } {
  const waiting = new Map<number, Opening>();
  const watch = (before: Seat, event: SeatEvent, { seat, effects }: Stepped): void => {
    if (isOpen(seat) && seat.session.at !== 'active') throw new Error(`open without a session after ${event.type}`);
    if (FAULTS.includes(event.type) && isOpen(seat)) throw new Error(`${event.type} left the seat open`);
    for (const effect of effects) {
      if (effect.do === 'append') checkFactors(effect);
      if (effect.do === 'append' && effect.ticket !== null) waiting.set(effect.ticket, openingOf(effect.record));
      if (effect.do !== 'uncover') continue;
      const durable = event.type === 'Appended' ? waiting.get(event.ticket) : undefined;
      const opened = seat.session.at === 'active' ? seat.session.session.id : undefined;
      if (durable?.opens !== true || durable.session !== opened) throw new Error(`opened by ${event.type} without its durable event`);
    }
    checkProcedure(seat, event);
    if (!isOpen(before) && isOpen(seat) && event.type !== 'Appended') throw new Error(`opened by ${event.type}`);
    if (seat.session.at === 'ending') {
      const { successor, tap, session } = seat.session;
      if (successor !== null && tap !== null) throw new Error(`two people wait for the end after ${event.type}`);
      if (tap !== null && FAULTS.includes(event.type)) throw new Error(`${event.type} left a tap waiting`);
      if (before.session.at === 'ending' && before.session.session.id !== session.id) throw new Error(`${event.type} changed what ends`);
    }
    if (before.session.at === 'ending' && seat.session.at === 'authenticating' && !(event.type === 'SessionClosed' && event.clean)) {
      throw new Error(`${event.type} let somebody in before the former session had ended`);
    }
    const allowed = sessionTable[before.session.at][event.type].leadsTo;
    if (seat.session.at !== before.session.at && !allowed.includes(seat.session.at)) {
      throw new Error(`${before.session.at} -> ${seat.session.at} by ${event.type} is not in the table`);
    }
    const ways = waysOf(before.lock.at);
    const twice = ways.flatMap((next) => waysOf(next));
    if (seat.lock.at !== before.lock.at && !ways.includes(seat.lock.at) && !twice.includes(seat.lock.at)) {
      throw new Error(`${before.lock.at} -> ${seat.lock.at} by ${event.type} is not in the table`);
    }
  };
  return { watch };
}

/** Starts and ends in the durable record: a second session never begins before the first one has ended. */
function checkRecord(world: World): void {
  let open: string | null = null;
  let inProcedure = false;
  const ended = new Set<string>();
  for (const { type, body } of world.durable) {
    if (type === 'procedure.started') {
      if (open !== body.session) throw new Error(`a procedure of ${body.session} began outside of it`);
      if (inProcedure) throw new Error(`two procedures at once in ${body.session}`);
      inProcedure = true;
    } else if (type === 'procedure.ended') inProcedure = false;
    else if (type === 'session.started' || type === 'breakglass.started') {
      if (open !== null && !killed.has(open)) throw new Error(`${body.session} started while ${open} was open`);
      open = body.session;
      inProcedure = false;
    } else if (type === 'session.ended' || type === 'breakglass.ended') {
      if (ended.has(body.session)) throw new Error(`${body.session} ended twice`);
      ended.add(body.session);
      if (open === body.session) open = null;
    } else if (type === 'session.unlocked' && ended.has(body.session)) {
      throw new Error(`${body.session} unlocked after its end`);
    }
  }
}
/** Sessions that a kill left open: the agent records their end when it comes up, which is not the machines' work. */
const killed = new Set<string>();

/** The limit on guesses, over kills, reboots and clocks: never more than the limit in a row, never before a wait is over. */
function checkGuesses(world: World, rightAt: ReadonlySet<number>): void {
  const rows = new Map<string, { count: number; last: { bootMs: number; bootId: string } }>();
  for (const [index, guess] of world.allGuesses.entries()) {
    const row = rows.get(guess.who.id) ?? { count: 0, last: { bootMs: Number.NEGATIVE_INFINITY, bootId: guess.bootId } };
    if (row.count >= rules.pin.maxFailures) throw new Error(`${guess.who.id} got guess ${row.count + 1}`);
    const wait = waitAfter(row.count, rules.pin.firstWaitMs);
    const since = row.last.bootId === guess.bootId ? row.last.bootMs : 500;
    if (guess.bootMs - since < wait) throw new Error(`${guess.who.id} did not wait`);
    rows.set(guess.who.id, { count: rightAt.has(index) ? 0 : row.count + 1, last: guess });
  }
}

const GRACE_MS = 14_400_000;
/** Actions of the longest sequence. */
const LONGEST = 80;

/** Tries so many sequences and throws at the first that breaks a law, with its seed and the shortest form of it. */
export function checkLaws(runs: number): void {
  fc.assert(
    fc.property(fc.array(actions, { minLength: 1, maxLength: LONGEST, size: 'max' }), fc.boolean(), (sequence, grace) => {
      killed.clear();
      const { watch } = lawful();
      const rightAt = new Set<number>();
      const world = new World((before, event, after) => {
        watch(before, event, after);
        checkClocks(world);
        checkTimers(world, event);
        const cleared = after.effects.some((effect) => effect.do === 'saveThrottle' && effect.throttle === null);
        if (event.type === 'PinChecked' && event.right && cleared)
          rightAt.add(world.allGuesses.findLastIndex((guess) => guess.attempt === event.attempt));
      });
      world.rules = {
        ...rules,
        byName: ['nurse'],
        secondRoles: { vendor: ['nurse'] },
        graceMs: grace ? { nurse: GRACE_MS, vendor: GRACE_MS } : {},
      };
      for (const [name, act] of sequence) {
        if (name === 'kill' || name === 'reboot') {
          for (const record of world.durable) {
            if (record.type === 'session.started' || record.type === 'breakglass.started') killed.add(record.body.session);
          }
        }
        act(world);
      }
      checkRecord(world);
      checkGuesses(world, rightAt);
    }),
    { numRuns: runs },
  );
}
