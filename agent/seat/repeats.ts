/**
 * Refused taps that repeat: the first is written, the ones right after it are counted, and the count is written. A card that
 * lies on a reader must never fill the record, and what it did is never silent. A wrong PIN is not a tap: each is written.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { SessionRecord } from '../../core/session/records.ts';

/** The same refusal within this time of the last one is a repeat, in milliseconds. */
const REPEAT_MS = 2_000;

type Refused = Extract<SessionRecord, { type: 'auth.refused' }>;

export class Repeats {
  readonly #write: (event: AuditEvent) => void;
  #last: { readonly key: string; atMs: number; count: number } | null = null;

  constructor(write: (event: AuditEvent) => void) {
    this.#write = write;
  }

  /** Writes the refusal, or counts it. */
  take(event: Refused, bootMs: number): void {
    const { person, reason, badge } = event.body;
    const key = JSON.stringify([person, reason, badge]);
    if (this.#last?.key === key && bootMs - this.#last.atMs < REPEAT_MS && reason !== 'pin.wrong') {
      this.#last.count += 1;
      this.#last.atMs = bootMs;
      return;
    }
    this.flush();
    this.#last = { key, atMs: bootMs, count: 0 };
    this.#write(event);
  }

  /** Writes the count of a row of repeats that is over. */
  settle(bootMs: number): void {
    if (this.#last !== null && bootMs - this.#last.atMs >= REPEAT_MS) this.flush();
  }

  flush(): void {
    const count = this.#last?.count ?? 0;
    this.#last = null;
    if (count > 0) this.#write({ type: 'recording.summarised', body: { type: 'auth.refused', count } });
  }
}
