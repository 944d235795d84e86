/**
 * Which session the next start of the agent must write the end of, kept over a crash. It is remembered before its first event, so
 * that no crash leaves a session without an end, and forgotten when that event was not recorded or its end was. It writes no event.
 */
import type { SessionRecord } from '../../core/session/records.ts';
import type { SeatMemory } from '../state/memory.ts';

type Start = Extract<SessionRecord, { type: 'session.started' | 'breakglass.started' }>;

export const isStart = (record: SessionRecord): record is Start =>
  record.type === 'session.started' || record.type === 'breakglass.started';

export class OpenRow {
  readonly #memory: SeatMemory;
  /** What was remembered before the session that is to begin: its end may not be in the record yet. */
  #former: SeatMemory['open'] = null;

  constructor(memory: SeatMemory) {
    this.#memory = memory;
  }

  /** @throws when it can't be made durable */
  begins({ type, body: { session, person } }: Start): void {
    this.#former = this.#memory.open;
    this.#memory.setOpen({ session, person, kind: type === 'session.started' ? 'person' : 'breakglass' });
  }

  /** Its first event is in no log: nothing of it is told, and who was there before is remembered again. @throws when that can't be made durable */
  neverBegan({ body: { session } }: Start): void {
    if (this.#memory.open?.session === session) this.#memory.setOpen(this.#former);
  }

  /** Its end is in the record. @throws when that can't be made durable */
  ended(session: string): void {
    if (this.#former?.session === session) this.#former = null;
    if (this.#memory.open?.session === session) this.#memory.setOpen(null);
  }
}
