/**
 * What was refused at the seat's borders, on its way into the record and the operational log. The store turns a flood into
 * a count; here only the operational log is kept from one.
 */
import type { AuditEvent } from '../contract/events.ts';
import type { Refusal } from '../ipc/peer.ts';
import type { Clock } from './clock.ts';
import type { SeatLog } from './log.ts';
import type { Recorder } from './record/recorder.ts';

/** Lines of the operational log about refusals within a window; the record has them all. */
const LINES_LIMIT = 30;
const WINDOW_MS = 60_000;

export class BorderWatch {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #log: SeatLog;
  #lines = 0;
  #sinceMs = 0;

  constructor(recorder: Recorder, clock: Clock, log: SeatLog) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#log = log;
  }

  /** A socket refused a peer or a message. */
  readonly refused = ({ border, code, peer, what }: Refusal): void => {
    this.note({ type: 'border.refused', body: { border, code, uid: peer?.uid ?? null, pid: peer?.pid ?? null } }, { border, code, what });
  };

  note(event: AuditEvent, line: Readonly<Record<string, string>>): void {
    this.#recorder.note(event);
    const now = this.#clock.bootMs();
    if (now - this.#sinceMs >= WINDOW_MS) {
      if (this.#lines > LINES_LIMIT) this.#log.warn('more was refused at the borders', { count: this.#lines - LINES_LIMIT });
      this.#sinceMs = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= LINES_LIMIT) this.#log.warn('refused at a border', line);
  }
}
