/**
 * The laws of the design, as checks of single steps and of what a whole sequence left durable. `commands.ts` tries sequences
 * against them. For tests; it must never be imported by the product.
 */
import { lockTable } from '../../core/session/lock.ts';
import { END_WARNING_MS, endsAt, SESSION_TIMERS } from '../../core/session/moves.ts';
import { isOpen as isOpenLock } from '../../core/session/open.ts';
import type { SessionRecord } from '../../core/session/records.ts';
import { sessionTable } from '../../core/session/step.ts';
import { chargedAt, type GuessLimits, MOST_FAILURES_IN_SUM, waitAfter } from '../../core/session/throttle.ts';
import type { Effect, LockAt, Seat, SeatEvent, SeatEventType, Stepped, Who } from '../../core/session/types.ts';
import { person, type World } from '../../core/session/world.ts';

export const people = [person('ada'), person('ben'), person('cay')];
/** Whom somebody else must confirm. */
export const vendor: Who = { ...person('vera'), role: 'vendor' };
const FAULTS: readonly SeatEventType[] = ['UiLost', 'PowerChanged', 'ClockStepped', 'EnforcementFailed', 'PolicyLost'];
const OPENING = ['session.started', 'session.unlocked', 'breakglass.started'];
const isOpen = (seat: Seat): boolean => isOpenLock(seat.lock);
/** The clock that closes each state of an open seat. */
const CLOCKS = { unlocked: 'idle', warning: 'warning', blurred: 'blur', asking: 'ask' } as const;
/** No policy that is tried keeps a seat open for longer without input, in milliseconds. */
export const LONGEST_PROCEDURE_MS = 900_000;

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

/** Whoever confirms somebody else has tapped their own badge, and is another person. */
function checkSecond({ session }: Seat): void {
  if (session.at !== 'authenticating' || session.attempt.first === null || session.attempt.stage === 'second') return;
  const { by, who, first } = session.attempt;
  if (by !== 'badge') throw new Error(`somebody confirms by ${by}`);
  if (who === null || who.id === first.who.id) throw new Error('nobody else confirms');
}

/** A card that leaves the reader for the second one drops nobody who waits to be confirmed. */
function checkWaiting({ session: before }: Seat, event: SeatEvent, { seat }: Stepped): void {
  if (event.type !== 'BadgeRemoved' || before.at !== 'authenticating' || before.attempt.first === null) return;
  const { session } = seat;
  if (session.at !== 'authenticating' || session.attempt.first?.who.id !== before.attempt.first.who.id)
    throw new Error('a card that was taken away ended the wait for a second person');
}

/** Nothing opens without a screen; without a policy in force only emergency access does; the badge alone never by old knowledge. */
function checkSurroundings(world: World, event: SeatEvent, { seat, effects }: Stepped): void {
  const opens = effects.some(({ do: what }) => what === 'uncover');
  if (opens && !world.uiConnected) throw new Error(`${event.type} opened the seat without a screen`);
  if (isOpen(seat) && !world.uiConnected) throw new Error(`${event.type} left the seat open without a screen`);
  if (opens && world.policy === 'expired' && seat.session.at === 'active' && seat.session.session.kind === 'person')
    throw new Error(`${event.type} opened the seat without a policy`);
  for (const effect of effects) {
    if (effect.do !== 'append' || effect.record.type !== 'session.started' || event.type === 'SessionClosed') continue;
    if (effect.record.body.factors.join() === 'badge' && world.staff !== 'fresh') throw new Error('the badge alone, by old knowledge');
  }
}

/** A wrong PIN at any seat that is known of ends the grace of the badge alone, here as elsewhere, until a right one after it. */
function checkGrace(world: World, before: Seat, event: SeatEvent, { seat, effects }: Stepped): void {
  for (const effect of effects) {
    if (effect.do !== 'append' || event.type === 'SessionClosed' || seat.session.at !== 'authenticating') continue;
    const { record } = effect;
    if ((record.type !== 'session.started' && record.type !== 'session.unlocked') || record.body.factors.join() !== 'badge') continue;
    if (seat.session.held?.kind === 'breakglass') continue;
    const { person: id } = record.body;
    const fact = world.facts[id]?.pinId === seat.session.attempt.who?.pinId ? world.facts[id] : undefined;
    const rightHere = world.rights.get(id) ?? Number.NEGATIVE_INFINITY;
    if (fact !== undefined && fact.failuresElsewhere > 0 && fact.askedBootMs > rightHere)
      throw new Error(`${id} came by badge alone after a wrong PIN elsewhere`);
    const throttle = before.common.throttles[id];
    if (throttle !== undefined && chargedAt(throttle) > Math.max(rightHere, fact?.rightBootMs ?? Number.NEGATIVE_INFINITY))
      throw new Error(`${id} came by badge alone after a wrong PIN here`);
  }
}

/** Wrong PINs of everywhere together: never more than the limit, as far as the server has told. */
function checkSum(world: World, { effects }: Stepped): void {
  for (const effect of effects) {
    if (effect.do !== 'guess') continue;
    const fact = world.facts[effect.who.id];
    const elsewhere = fact !== undefined && fact.pinId === effect.who.pinId ? fact.failuresElsewhere : 0;
    if (effect.charged.failures + elsewhere > MOST_FAILURES_IN_SUM) throw new Error(`${effect.who.id} got a guess beyond the sum`);
  }
}

/** The later login wins: a session whose person came in elsewhere later is not open, unless a procedure goes on in it. */
function checkOneSeat(before: Seat, event: SeatEvent, { seat }: Stepped): void {
  const now = seat.session.at === 'active' ? seat.session.session : null;
  if (now !== null && now.elsewhere !== null && now.procedure === null && isOpen(seat))
    throw new Error(`${event.type} left a session open whose person sits elsewhere`);
  if (event.type !== 'TakenElsewhere' || before.session.at !== 'active') return;
  const { session } = before.session;
  const isLater = session.kind === 'person' && session.id === event.session && event.sinceBootMs > session.loginBootMs;
  if (isLater && session.procedure === null && isOpen(seat)) throw new Error('one person sits at two seats');
  if (!isLater && isOpen(before) && !isOpen(seat)) throw new Error('an older login closed a newer one');
}

/** A session that ends by itself while somebody works in it said so long before. */
function checkEnd(world: World): void {
  const { seat, timers, bootMs } = world;
  if (!isOpen(seat) || seat.session.at !== 'active') return;
  const ends = endsAt(seat.session.session);
  if (ends - END_WARNING_MS <= bootMs || timers.get('endSoon') === ends - END_WARNING_MS) return;
  throw new Error('a session will end and nobody will be told');
}
/** A procedure is in progress at an open seat only, and never begins before its event is durable. */
function checkProcedure({ session, lock, common }: Seat, event: SeatEvent): void {
  const held = session.at === 'active' || session.at === 'ending' ? session.session : session.at === 'authenticating' ? session.held : null;
  if (held === null || held.procedure === null) return;
  if (!isOpenLock(lock)) throw new Error(`${event.type} left a procedure going on behind the lock`);
  if (held.procedure.limitMs > LONGEST_PROCEDURE_MS) throw new Error('a procedure is longer than the policy says');
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
  if (due > bootMs + LONGEST_PROCEDURE_MS) throw new Error('an open seat closes too late');
}

/** A timer of a session ends with it: one that went on would act on whoever comes next. */
function checkTimers({ seat: { session }, timers }: World, event: SeatEvent): void {
  const held = session.at === 'active' ? session.session : session.at === 'authenticating' ? session.held : null;
  const left = [...SESSION_TIMERS, 'procedure' as const].filter((timer) => timers.has(timer));
  if (held === null && left.length > 0) throw new Error(`${event.type} left the timer ${left.join()} of a session that is over`);
  if (held !== null && held.limitBootMs === null && timers.has('limit'))
    throw new Error(`${event.type} left a limit to a session that has none`);
}

/** Nobody comes in over a former session that is not gone or over layers that are lost; and nothing else keeps a seat out of order. */
function checkFault({ seat: { session }, endings, left, enforced }: World, event: SeatEvent): void {
  const isClear = endings.length === 0 && left.length === 0;
  if (!isClear && session.at !== 'ending' && session.at !== 'faulted')
    throw new Error(`${event.type} let the seat go on over what is left`);
  if (!enforced && session.at !== 'faulted') throw new Error(`${event.type} let the seat go on without its layers`);
  if (isClear && enforced && session.at === 'faulted') throw new Error(`${event.type} left the seat out of order with nothing wrong`);
}

/** Everything that is checked of the world around a step. */
export function checkWorld(world: World, before: Seat, event: SeatEvent, after: Stepped): void {
  checkClocks(world);
  checkTimers(world, event);
  checkFault(world, event);
  checkEnd(world);
  checkSurroundings(world, event, after);
  checkSum(world, after);
  checkGrace(world, before, event, after);
  checkOneSeat(before, event, after);
  checkWaiting(before, event, after);
}

/** A watch for a world: throws as soon as a step breaks a law. */
export function lawful(): { readonly watch: World['watch'] } {
  const waiting = new Map<number, Opening>();
  const watch = (before: Seat, event: SeatEvent, { seat, effects }: Stepped): void => {
    if (isOpen(seat) && seat.session.at !== 'active') throw new Error(`open without a session after ${event.type}`);
    const goesOn = event.type === 'PolicyLost' && seat.session.at === 'active' && seat.session.session.kind === 'breakglass';
    if (FAULTS.includes(event.type) && !goesOn && isOpen(seat)) throw new Error(`${event.type} left the seat open`);
    for (const effect of effects) {
      if (effect.do === 'append') checkFactors(effect);
      if (effect.do === 'append' && effect.ticket !== null) waiting.set(effect.ticket, openingOf(effect.record));
      if (effect.do !== 'uncover') continue;
      const durable = event.type === 'Appended' ? waiting.get(event.ticket) : undefined;
      const opened = seat.session.at === 'active' ? seat.session.session.id : undefined;
      if (durable?.opens !== true || durable.session !== opened) throw new Error(`opened by ${event.type} without its durable event`);
    }
    checkProcedure(seat, event);
    checkSecond(seat);
    const inside = seat.session.at === 'active' && isOpen(seat) ? seat.session.session.who : null;
    if (event.type === 'PersonsRevoked' && inside !== null && event.ids.includes(inside.id)) throw new Error('a revoked person goes on');
    if (!isOpen(before) && isOpen(seat) && event.type !== 'Appended') throw new Error(`opened by ${event.type}`);
    if (seat.session.at === 'ending') {
      const { successor, tap, wish, session } = seat.session;
      if (successor !== null && (tap !== null || wish !== null)) throw new Error(`two people wait for the end after ${event.type}`);
      if (tap !== null && FAULTS.includes(event.type)) throw new Error(`${event.type} left a tap waiting`);
      if (wish !== null && event.type !== 'PolicyLost' && FAULTS.includes(event.type)) throw new Error(`${event.type} left a wish waiting`);
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
export function checkRecord(world: World): void {
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
export const killed = new Set<string>();

/** The limit on guesses, over kills, reboots and clocks: never more than the limit in a row, never before a wait is over. */
export function checkGuesses(world: World, rightAt: ReadonlySet<number>, { maxFailures, firstWaitMs }: GuessLimits): void {
  const rows = new Map<string, { count: number; last: { bootMs: number; bootId: string } }>();
  for (const [index, guess] of world.allGuesses.entries()) {
    const row = rows.get(guess.who.id) ?? { count: 0, last: { bootMs: Number.NEGATIVE_INFINITY, bootId: guess.bootId } };
    if (row.count >= maxFailures) throw new Error(`${guess.who.id} got guess ${row.count + 1}`);
    const wait = waitAfter(row.count, firstWaitMs);
    const since = row.last.bootId === guess.bootId ? row.last.bootMs : 500;
    if (guess.bootMs - since < wait) throw new Error(`${guess.who.id} did not wait`);
    rows.set(guess.who.id, { count: rightAt.has(index) ? 0 : row.count + 1, last: guess });
  }
}
