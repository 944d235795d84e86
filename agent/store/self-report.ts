/**
 * What the store has to record of itself: an end that was not recorded, what was found wrong. Owns what is still to be said,
 * in its order, over a disk without room and over a log that is opened again; must never forget any of it before it is durable.
 */
import type { AuditEvent } from '../../contract/events.ts';
import { describeFault, type Fault } from '../../core/audit/faults.ts';

/** More than this would fill a full store with words about itself; alarms hold what is newer. */
const MOST_WAITING = 100;
const DETAIL_CHARACTERS = 300;

/** The last life did not record its end. */
export const INFERRED_END: AuditEvent = { type: 'recording.stopped', body: { reason: 'inferred' } };

export function tamperFound(fault: Fault): AuditEvent {
  return { type: 'tamper.found', body: { fault: fault.code, detail: describeFault(fault).slice(0, DETAIL_CHARACTERS) } };
}

export class SelfReport {
  #waiting: AuditEvent[] = [];

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** What waits already is not said twice: a log without room is opened again and again, and finds the same each time. */
  add(events: readonly AuditEvent[]): void {
    const known = new Set(this.#waiting.map((event) => JSON.stringify(event)));
    this.#waiting = [...this.#waiting, ...events.filter((event) => !known.has(JSON.stringify(event)))].slice(0, MOST_WAITING);
  }

  /** Says it in turn; what `record` rejects is said next time, and the rejection is the caller's. */
  async tell(record: (event: AuditEvent) => Promise<unknown>): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await record(next);
      } catch (error) {
        this.#waiting.unshift(next);
        throw error;
      }
    }
  }
}
