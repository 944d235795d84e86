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
/** Where an event is now. `unrecorded`: in no log; it is reported as soon as one takes it. */
export type Place = 'store' | 'emergency' | 'unrecorded';
/** One of a flood, counted and not recorded itself: enough for what is told, never for what something depends on. */
type Written = Place | 'counted';
/** Keeps what no log could take, until one can. False when it could not. */
export type LastResort = (event: AuditEvent) => boolean;

/** What goes on even when it is in no log (the default; nothing else ever does). */
const LAST_RESORT: ReadonlySet<AuditEvent['type']> = new Set(['breakglass.started', 'breakglass.ended']);
/**
 * What the emergency log takes when the store can't: break-glass, the end of what goes on, and each sign-in that was refused, so that
 * guessed PINs leave a trace. No sign-in and no unlock: without its record a seat is shut, and its emergency access is the way in.
 */
const EMERGENCY: ReadonlySet<AuditEvent['type']> = new Set([
  'session.ended',
  'session.locked',
  'breakglass.started',
  'breakglass.ended',
  'breakglass.witnessed',
  'auth.refused',
]);

export class Recorder {
  readonly #log: SeatLog;
  #store: AuditLog | null = null;
  #waiting: AuditEvent[] = [];
  #beyond = 0;
  #broken: string | null = null;
  #place: Place = 'store';
  #pending: Promise<void> = Promise.resolve();

  readonly #lastResort: LastResort;

  constructor(log: SeatLog, lastResort: LastResort) {
    this.#log = log;
    this.#lastResort = lastResort;
  }

  /** The store could not even be opened. */
  failed(code: string): void {
    this.#broken = code;
  }

  /** The code of the last failure, until an append works again. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Whether what people do now ends up in some log. */
  get recording(): boolean {
    return this.#store !== null && (this.#broken === null || this.#place === 'emergency');
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
   * Durable when it resolves with `store` or `emergency`; a break-glass may also resolve with `unrecorded`.
   * @throws AUDIT_EVENT_COUNTED for one of a flood, AUDIT_APPEND_FAILED or the store's own code
   */
  async append(event: AuditEvent): Promise<Place> {
    const written = await this.#tracked(event);
    if (written === 'counted') throw new WardlockError('AUDIT_EVENT_COUNTED');
    return written;
  }

  /** For what is told and not asked: nothing depends on it, and a failure is kept in `broken` and logged. */
  note(event: AuditEvent): void {
    if (this.#store === null && !LAST_RESORT.has(event.type)) {
      if (this.#waiting.length < WAITING_LIMIT) this.#waiting.push(event);
      else this.#beyond += 1;
      return;
    }
    this.#tracked(event).catch(() => {
      // Logged and kept in `broken` where it failed.
    });
  }

  /** Resolves when everything that was handed in so far is durable or has failed. */
  async settled(): Promise<void> {
    await this.#pending;
  }

  #tracked(event: AuditEvent): Promise<Written> {
    const done = this.#write(event);
    const noted = done.then(
      (written) => {
        if (written !== 'counted') this.#place = written;
      },
      () => {},
    );
    this.#pending = Promise.all([this.#pending, noted]).then(() => {});
    return done;
  }

  async #write(event: AuditEvent): Promise<Written> {
    const store = this.#store;
    try {
      if (store === null) throw new WardlockError('AUDIT_APPEND_FAILED', 'There is no record that could take this event.');
      const { seq } = await store.append(event);
      if (seq === null) return 'counted';
      this.#broken = null;
      return 'store';
    } catch (failure) {
      this.#broken = isWardlockError(failure) ? failure.code : 'AUDIT_APPEND_FAILED';
      this.#log.error('an event could not be recorded', { type: event.type, failure });
      if (store !== null && EMERGENCY.has(event.type) && (await this.#emergency(store, event))) return 'emergency';
      if (LAST_RESORT.has(event.type) && this.#lastResort(event)) return 'unrecorded';
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
