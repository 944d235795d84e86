/**
 * The one way of the agent into the record. Before the first policy there is no store, because nobody could read it: what
 * happens then waits here, bounded and counted. It must never report an event as durable that is not.
 */
import type { AuditEvent } from '../../contract/events.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import type { SeatLog } from '../log.ts';
import type { AuditLog } from './port.ts';

/** Events that wait for the first policy; beyond it they are counted. */
const WAITING_LIMIT = 256;
/** What the emergency log takes when the store can't: logins, logouts and break-glass. */
const EMERGENCY: ReadonlySet<AuditEvent['type']> = new Set(['session.ended', 'session.locked', 'breakglass.started', 'breakglass.ended']);

export class Recorder {
  readonly #log: SeatLog;
  #store: AuditLog | null = null;
  #waiting: AuditEvent[] = [];
  #beyond = 0;
  #broken: string | null = null;
  #pending: Promise<void> = Promise.resolve();

  constructor(log: SeatLog) {
    this.#log = log;
  }

  /** The code of the last failure, until an append works again. */
  get broken(): string | null {
    return this.#broken;
  }

  get ready(): boolean {
    return this.#store !== null;
  }

  /** The store is open: `first` is written first, then what waited. */
  use(store: AuditLog, first: readonly AuditEvent[]): void {
    this.#store = store;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of [...first, ...waiting]) this.note(event);
    if (this.#beyond > 0) this.note({ type: 'recording.summarised', body: { type: 'before-first-policy', count: this.#beyond } });
    this.#beyond = 0;
  }

  /**
   * Durable when it resolves. What may be recorded in an emergency falls back to the emergency log.
   * @throws AUDIT_APPEND_FAILED or the store's own code
   */
  append(event: AuditEvent): Promise<void> {
    const done = this.#write(event);
    this.#pending = Promise.all([this.#pending, done.catch(() => {})]).then(() => {});
    return done;
  }

  /** For what is told and not asked: nothing depends on it, and a failure is kept in `broken` and logged. */
  note(event: AuditEvent): void {
    if (this.#store === null) {
      if (this.#waiting.length < WAITING_LIMIT) this.#waiting.push(event);
      else this.#beyond += 1;
      return;
    }
    this.append(event).catch(() => {
      // Logged and kept in `broken` where it failed.
    });
  }

  /** Resolves when everything that was handed in so far is durable or has failed. */
  async settled(): Promise<void> {
    await this.#pending;
  }

  async #write(event: AuditEvent): Promise<void> {
    const store = this.#store;
    if (store === null) throw new WardlockError('AUDIT_APPEND_FAILED', 'There is no policy yet that says who may read the record.');
    try {
      await store.append(event);
      this.#broken = null;
    } catch (failure) {
      this.#broken = isWardlockError(failure) ? failure.code : 'AUDIT_APPEND_FAILED';
      this.#log.error('an event could not be recorded', { type: event.type, failure });
      if (EMERGENCY.has(event.type) && (await this.#emergency(store, event))) return;
      throw isWardlockError(failure) ? failure : new WardlockError('AUDIT_APPEND_FAILED', undefined, { cause: failure });
    }
  }

  async #emergency(store: AuditLog, event: AuditEvent): Promise<boolean> {
    try {
      await store.appendEmergency(event);
      return true;
    } catch (failure) {
      this.#log.error('the emergency log could not take an event either', { type: event.type, failure });
      return false;
    }
  }
}
