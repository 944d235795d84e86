/** When and where the person who sits here came in the time before: looked up as their session opens, and this time kept for the next. */
import type { OpenSession } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import type { StaffDirectory } from '../credentials/directory.ts';
import type { SeatLog } from '../log.ts';
import type { LastLogin, SeatMemory } from '../state/memory.ts';
import { timestamp } from './view.ts';

export interface FormerLoginPorts {
  readonly memory: Pick<SeatMemory, 'setLastLogin'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: SeatLog;
  readonly directory: Pick<StaffDirectory, 'current'>;
}

export class FormerLogin {
  readonly #ports: FormerLoginPorts;
  readonly #lastLogin: (person: string) => LastLogin | null;
  #shown: LastLogin | null = null;

  /** @param lastLogin as far as this seat knows, here or elsewhere */
  constructor(ports: FormerLoginPorts, lastLogin: (person: string) => LastLogin | null) {
    this.#ports = ports;
    this.#lastLogin = lastLogin;
  }

  /** Of the person whose session was opened last; null for an access without a name, and for the first time. */
  get shown(): LastLogin | null {
    return this.#shown;
  }

  opened({ who }: OpenSession): void {
    const { memory, clock, log, directory } = this.#ports;
    this.#shown = who === null ? null : this.#lastLogin(who.id);
    if (who === null) return;
    try {
      memory.setLastLogin(who.id, { at: timestamp(clock.wallMs()), seatName: directory.current?.seatName ?? 'this seat' });
    } catch (failure) {
      log.warn('the last login could not be remembered', { failure });
    }
  }
}
