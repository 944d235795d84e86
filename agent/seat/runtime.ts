/**
 * Performs what the machines ask for: durable events first, then whatever depends on them. It holds the one seat of this
 * process; it decides nothing, and it never reports `Appended` for an event that is not durable.
 */
import { randomBytes } from 'node:crypto';
import type { AuditEvent } from '../../contract/events.ts';
import { type ErrorCode, isWardlockError } from '../../core/errors/index.ts';
import { isOpen } from '../../core/session/open.ts';
import type { SessionRecord } from '../../core/session/records.ts';
import { initialSeat, step } from '../../core/session/step.ts';
import { subjectOf } from '../../core/session/subject.ts';
import type { Effect, Env, OpenSession, Seat, SeatEvent, UsedCard, Who } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import type { SeatLog } from '../log.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatMemory } from '../state/memory.ts';
import { isStart, OpenRow } from './open-row.ts';
import { Repeats } from './repeats.ts';
import { Timers } from './timers.ts';

export interface RuntimePorts {
  readonly clock: Clock;
  readonly log: SeatLog;
  readonly recorder: Recorder;
  readonly memory: SeatMemory;
  /** The rest of what a step may know that is about this person; null for one about nobody. */
  readonly surroundings: (about: Who | null) => Pick<Env, 'rules' | 'policy' | 'uiConnected' | 'facts' | 'staff' | 'cardsInDoubt'>;
  readonly checkPin: (person: string, pin: string) => Promise<boolean>;
  readonly openSession: (session: OpenSession) => void;
  /** Ends everything of the session; false when something is left. */
  readonly endSession: (session: string) => Promise<boolean>;
  /** Uses a downtime card up and tells of it. @throws when that can't be made durable */
  readonly useCard: (card: UsedCard) => void;
  /** The seat changed: push it. */
  readonly onChanged: () => void;
  readonly onTick: () => void;
}

export class SeatRuntime {
  readonly #ports: RuntimePorts;
  readonly #timers: Timers;
  readonly #repeats: Repeats;
  readonly #openRow: OpenRow;
  #seat: Seat;
  #queue: SeatEvent[] = [];
  #stepping = false;
  #closed = false;

  constructor(ports: RuntimePorts) {
    this.#ports = ports;
    this.#seat = initialSeat(ports.memory.throttles, ports.clock.bootMs());
    this.#openRow = new OpenRow(ports.memory);
    this.#repeats = new Repeats((event) => ports.recorder.note(event));
    this.#timers = new Timers(
      ports.clock,
      (timer) => this.dispatch({ type: 'TimerFired', timer }),
      () => {
        this.#repeats.settle(ports.clock.bootMs());
        ports.onTick();
      },
    );
  }

  get seat(): Seat {
    return this.#seat;
  }

  /** The session that is open on the screen; null while the seat is locked. */
  get openSession(): OpenSession | null {
    const { session, lock } = this.#seat;
    return session.at === 'active' && isOpen(lock) ? session.session : null;
  }

  /** The session whose applications run, open or locked; null when there is none or it is being ended. */
  get heldSession(): OpenSession | null {
    const { session } = this.#seat;
    if (session.at === 'active') return session.session;
    return session.at === 'authenticating' ? session.held : null;
  }

  /** Takes an event; what its effects lead to follows in order. Says whether the event was acted on. */
  dispatch(event: SeatEvent): boolean {
    if (this.#closed) return false;
    if (this.#stepping) {
      this.#queue.push(event);
      return true;
    }
    this.#stepping = true;
    let taken: boolean;
    try {
      taken = this.#step(event);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
    this.#ports.onChanged();
    return taken;
  }

  close(): void {
    this.#closed = true;
    this.#repeats.flush();
    this.#timers.close();
  }

  #step(event: SeatEvent): boolean {
    const { clock, surroundings } = this.#ports;
    const env: Env = {
      ...surroundings(subjectOf(this.#seat, event)),
      bootMs: clock.bootMs(),
      wallMs: clock.wallMs(),
      bootId: clock.bootId,
      freshId: randomBytes(16).toString('hex'),
    };
    const before = this.#seat;
    const { seat, effects, taken } = step(before, event, env);
    this.#seat = seat;
    this.#countPrompt(before);
    if (hasOpenedByCode(before, seat)) this.#remember('codes', () => this.#ports.memory.setCodeThrottle(null));
    for (const effect of effects) this.#perform(effect);
    return taken;
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case 'append':
        this.#append(effect);
        return;
      case 'guess':
        void this.#guess(effect);
        return;
      case 'saveThrottle':
        this.#remember('throttle', () => this.#ports.memory.setThrottle(effect.person, effect.throttle));
        return;
      case 'setTimer':
        this.#timers.set(effect.timer, effect.atBootMs);
        return;
      case 'clearTimer':
        this.#timers.clear(effect.timer);
        return;
      case 'openSession':
        this.#ports.openSession(effect.session);
        return;
      case 'endSession':
        void this.#end(effect.session);
        return;
      case 'cover':
      case 'uncover':
        // The picture that is pushed after the step carries both; the screen draws nothing else.
        return;
    }
  }

  #append({ record, ticket, card }: Extract<Effect, { do: 'append' }>): void {
    const { recorder, clock, useCard } = this.#ports;
    if (ticket === null) {
      if (record.type === 'auth.refused') {
        this.#repeats.take(record, clock.bootMs());
        return;
      }
      if (record.type !== 'session.ended' && record.type !== 'breakglass.ended') {
        recorder.note(record);
        return;
      }
      const { session } = record.body;
      // Only an end that is in the record lets the seat forget that somebody was there.
      recorder.append(record).then(
        (place) => place !== 'unrecorded' && this.#remember('end', () => this.#openRow.ended(session)),
        () => {},
      );
      return;
    }
    const start = isStart(record) ? record : null;
    const failed = (code: ErrorCode): void => {
      if (start !== null) this.#remember('start', () => this.#openRow.neverBegan(start));
      this.dispatch({ type: 'AppendFailed', ticket, code });
    };
    const unused = card === undefined ? null : this.#remembering('card', () => useCard(card));
    const forgotten = start === null ? null : this.#remembering('start', () => this.#openRow.begins(start));
    // A seat that can't remember who sits there opens for break-glass only.
    const code = unused ?? (record.type === 'breakglass.started' ? null : forgotten);
    if (code !== null) {
      failed(code);
      return;
    }
    recorder.append(this.#counted(record)).then(
      (place) => this.dispatch({ type: 'Appended', ticket, recorded: place !== 'unrecorded' }),
      (failure: unknown) => failed(isWardlockError(failure) ? failure.code : 'AUDIT_APPEND_FAILED'),
    );
  }

  /** With how often the person was asked for the PIN this shift, where one was. */
  #counted(record: SessionRecord): AuditEvent {
    const { memory } = this.#ports;
    if (record.type === 'session.started' && record.body.factors.includes('pin'))
      return { type: record.type, body: { ...record.body, pinPrompts: memory.promptsOf(record.body.person) } };
    if (record.type === 'session.unlocked' && record.body.factors.includes('pin'))
      return { type: record.type, body: { ...record.body, pinPrompts: memory.promptsOf(record.body.person) } };
    return record;
  }

  /** Counts a prompt for the PIN that was not there before. */
  #countPrompt(before: Seat): void {
    const prompt = promptOf(this.#seat);
    if (prompt === null || prompt.id === promptOf(before)?.id) return;
    const { memory, clock } = this.#ports;
    this.#remember('prompt', () => memory.countPrompt(prompt.person, clock.wallMs()));
  }

  /** The charge is durable before the PIN is looked at; where it can't be, the PIN is not looked at. */
  async #guess(effect: Extract<Effect, { do: 'guess' }>): Promise<void> {
    const { memory, checkPin, log } = this.#ports;
    const { attempt, who, pin, charged } = effect;
    const unpaid = this.#remembering('throttle', () => memory.setThrottle(who.id, charged));
    let right = false;
    if (unpaid === null) {
      try {
        right = await checkPin(who.id, pin);
      } catch (failure) {
        log.error('a PIN could not be checked', { failure });
      }
    }
    // Never within the step that asked: the machine must be at `checking` when the answer comes.
    queueMicrotask(() => {
      if (unpaid === null) {
        this.dispatch({ type: 'PinChecked', attempt, right });
        return;
      }
      // What is durable counts: nobody looked at this PIN, and the seat says why instead of calling it wrong.
      this.dispatch({ type: 'GuessCharged', person: who.id, throttle: memory.throttles[who.id] ?? null });
      this.dispatch({ type: 'PinChecked', attempt, right: false, unpaid });
    });
  }

  async #end(session: string): Promise<void> {
    let clean = false;
    try {
      clean = await this.#ports.endSession(session);
    } catch (failure) {
      this.#ports.log.error('a session could not be ended', { session, failure });
    }
    this.dispatch({ type: 'SessionClosed', session, clean });
  }

  #remember(what: string, write: () => unknown): boolean {
    return this.#remembering(what, write) === null;
  }

  /** Null once it is durable, else the code of why it is not. */
  #remembering(what: string, write: () => unknown): ErrorCode | null {
    try {
      write();
      return null;
    } catch (failure) {
      this.#ports.log.error('the seat could not remember', { what, failure });
      return hasNoRoom(failure) ? 'AUDIT_STORE_FULL' : 'AUDIT_APPEND_FAILED';
    }
  }
}

/** No blocks, no inodes, or a quota that is used up. */
function hasNoRoom(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && (failure.code === 'ENOSPC' || failure.code === 'EDQUOT');
}

/** Somebody signed in with a code or a card: what was mistyped before it was no guess. Emergency access asks for no PIN and forgives none. */
function hasOpenedByCode({ session }: Seat, after: Seat): boolean {
  if (session.at !== 'authenticating' || session.attempt.grant?.session.kind !== 'person') return false;
  const { by } = session.attempt;
  return (by === 'code' || by === 'card') && after.session.at === 'active' && isOpen(after.lock);
}

/** The attempt that waits for a PIN, and whose. */
function promptOf({ session }: Seat): { readonly id: number; readonly person: string } | null {
  if (session.at !== 'authenticating') return null;
  const { id, who, stage } = session.attempt;
  return who !== null && (stage === 'pin' || stage === 'checking') ? { id, person: who.id } : null;
}
