/**
 * A simulated seat around the machines, for tests of the laws: it performs effects late, fails some of them, is killed and
 * rebooted, and remembers what was durable. It must never be imported by the product.
 */
import type { SessionRecord } from './records.ts';
import { initialSeat, step } from './step.ts';
import { subjectOf } from './subject.ts';
import { restored, type Throttle } from './throttle.ts';
import type { Effect, Env, Seat, SeatEvent, SeatRules, Stepped, TimerName, Who } from './types.ts';

export const rules: SeatRules = {
  policyVersion: 4,
  warnAfterMs: 60_000,
  warningMs: 20_000,
  blurMs: 0,
  tapQuestionMs: 3_000,
  keepMs: 600_000,
  maxSessionMs: 3_600_000,
  procedureMs: 900_000,
  pin: { minDigits: 4, maxFailures: 6, firstWaitMs: 30_000 },
  graceMs: {},
  byName: [],
  secondRoles: {},
  confirmedMs: {},
  removalLocks: true,
  breakGlass: { enabled: true, needsBadge: false, limitMs: 900_000, unrecordedMs: 900_000, reasons: ['code-blue'] },
};

export function person(id: string): Who {
  return { id, displayName: `${id} Example`, givenName: id, initials: id.slice(0, 2).toUpperCase(), role: 'nurse', pinId: `pin-${id}` };
}

export interface Guess {
  readonly attempt: number;
  readonly who: Who;
  readonly bootMs: number;
  readonly bootId: string;
}

export class World {
  seat: Seat;
  rules: SeatRules | null = rules;
  /** What differs for people of a role. */
  ofRole: Readonly<Record<string, Partial<SeatRules>>> = {};
  policy: Env['policy'] = 'active';
  uiConnected = true;
  facts: Env['facts'] = {};
  staff: Env['staff'] = 'fresh';
  cardsInDoubt: readonly string[] = [];
  bootMs = 1_000;
  wallMs = 1_800_000_000_000;
  #boot = 1;
  #ids = 0;
  /** What would survive a power cut. */
  readonly stored = new Map<string, Throttle>();
  readonly durable: SessionRecord[] = [];
  readonly timers = new Map<TimerName, number>();
  appends: { readonly ticket: number | null; readonly record: SessionRecord }[] = [];
  guesses: Guess[] = [];
  readonly allGuesses: Guess[] = [];
  endings: string[] = [];
  /** Sessions of which something could not be ended, in this life. */
  left: string[] = [];
  /** When each person's PIN was right here last, in this life. */
  readonly rights = new Map<string, number>();
  /** Whether every layer is there, as the machines were told. */
  enforced = true;
  /** Called after each step with what went in and what came out. */
  readonly watch: (before: Seat, event: SeatEvent, after: Stepped) => void;

  constructor(watch: World['watch'] = () => {}) {
    this.watch = watch;
    this.seat = initialSeat({}, this.bootMs);
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  env(event: SeatEvent | null = null): Env {
    this.#ids += 1;
    const { bootMs, wallMs, bootId, policy, uiConnected, facts, staff, cardsInDoubt } = this;
    const own = this.ofRole[subjectOf(this.seat, event)?.role ?? ''];
    const ruling = this.rules === null ? null : { ...this.rules, ...own };
    const freshId = this.#ids.toString(16).padStart(32, '0');
    return { bootMs, wallMs, bootId, rules: ruling, policy, uiConnected, facts, staff, cardsInDoubt, freshId };
  }

  send(event: SeatEvent): Stepped {
    const before = this.seat;
    if (event.type === 'EnforcementFailed' || event.type === 'Repaired') this.enforced = event.type === 'Repaired';
    const after = step(before, event, this.env(event));
    this.seat = after.seat;
    for (const effect of after.effects) this.#perform(effect);
    this.watch(before, event, after);
    return after;
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'append':
        // The store keeps order: what comes after a waiting append waits behind it.
        if (effect.ticket === null && this.appends.length === 0) this.durable.push(effect.record);
        else this.appends.push({ ticket: effect.ticket, record: effect.record });
        return;
      case 'guess': {
        this.stored.set(effect.who.id, effect.charged);
        const guess = { attempt: effect.attempt, who: effect.who, bootMs: this.bootMs, bootId: this.bootId };
        this.guesses.push(guess);
        this.allGuesses.push(guess);
        return;
      }
      case 'saveThrottle':
        if (effect.throttle === null) {
          this.stored.delete(effect.person);
          this.rights.set(effect.person, this.bootMs);
        } else this.stored.set(effect.person, effect.throttle);
        return;
      case 'setTimer':
        this.timers.set(effect.timer, effect.atBootMs);
        return;
      case 'clearTimer':
        this.timers.delete(effect.timer);
        return;
      case 'endSession':
        this.endings.push(effect.session);
        return;
      case 'openSession':
      case 'cover':
      case 'uncover':
        return;
    }
  }

  /** Lets time pass, firing what falls due, in order. */
  advance(ms: number): void {
    const until = this.bootMs + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, at]) => at <= until).sort((a, b) => a[1] - b[1]);
      if (next === undefined) break;
      const [timer, at] = next;
      this.timers.delete(timer);
      this.wallMs += Math.max(0, at - this.bootMs);
      this.bootMs = Math.max(this.bootMs, at);
      this.send({ type: 'TimerFired', timer });
    }
    this.wallMs += until - this.bootMs;
    this.bootMs = until;
  }

  /** The oldest waiting append becomes durable, or fails; those behind it that nobody waits for follow. */
  settleAppend(durably: boolean): void {
    const first = this.appends.shift();
    if (first === undefined) return;
    if (durably) this.durable.push(first.record);
    while (this.appends[0]?.ticket === null) this.durable.push(...this.appends.splice(0, 1).map(({ record }) => record));
    if (first.ticket === null) return;
    const { ticket } = first;
    this.send(durably ? { type: 'Appended', ticket, recorded: true } : { type: 'AppendFailed', ticket, code: 'AUDIT_APPEND_FAILED' });
  }

  settleGuess(right: boolean): void {
    const first = this.guesses.shift();
    if (first !== undefined) this.send({ type: 'PinChecked', attempt: first.attempt, right });
  }

  /** The oldest try could not be made durable: it never was one. */
  refuseGuess(code: string, former: Throttle | null): void {
    const first = this.guesses.shift();
    if (first === undefined) return;
    this.send({ type: 'GuessCharged', person: first.who.id, throttle: former });
    this.send({ type: 'PinChecked', attempt: first.attempt, right: false, unpaid: code });
  }

  settleEnding(clean: boolean): void {
    const session = this.endings.shift();
    if (session !== undefined && !clean) this.left.push(session);
    if (session !== undefined) this.send({ type: 'SessionClosed', session, clean });
  }

  /** Performs everything that waits, as a healthy seat would. */
  settle(right = true): void {
    while (this.appends.length + this.guesses.length + this.endings.length > 0) {
      this.settleGuess(right);
      this.settleEnding(true);
      this.settleAppend(true);
    }
  }

  tap(who: Who): Stepped {
    return this.send({ type: 'BadgeRead', badge: `badge-${who.id}`, standing: 'ok', who });
  }

  /** Somebody without a badge types a name. */
  name(who: Who): Stepped {
    return this.send({ type: 'BadgeRead', badge: null, by: 'name', standing: 'ok', who });
  }

  /** The whole way in, for tests that begin behind it. */
  signIn(who: Who): void {
    this.tap(who);
    this.send({ type: 'PinEntered', pin: '246810' });
    this.settle();
  }

  /** kill -9 of the agent, in the same boot or with a reboot: only what was stored is left. */
  restart(reboot: boolean): void {
    if (reboot) {
      this.#boot += 1;
      this.bootMs = 500;
    }
    const now = { bootMs: this.bootMs, bootId: this.bootId };
    const throttles: Record<string, Throttle> = {};
    for (const [id, throttle] of this.stored) {
      throttles[id] = restored(throttle, now);
      this.stored.set(id, throttles[id]);
    }
    this.timers.clear();
    this.appends = [];
    this.guesses = [];
    this.endings = [];
    this.left = [];
    this.rights.clear();
    this.enforced = true;
    this.seat = initialSeat(throttles, this.bootMs);
  }
}
