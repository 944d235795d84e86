/**
 * The alarm of an emergency access that nobody put their name to: it stands at the seat from then on, over restarts too, until
 * somebody signs in with their own name, which is recorded. It must never be ended by another emergency access.
 */
import type { OpenSession } from '../../core/session/types.ts';
import type { SeatLog } from '../log.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatMemory } from '../state/memory.ts';

export interface LocalAlarmPorts {
  readonly memory: Pick<SeatMemory, 'localAlarm' | 'setLocalAlarm'>;
  readonly recorder: Pick<Recorder, 'note'>;
  readonly log: Pick<SeatLog, 'error'>;
}

export type StandingAlarm = NonNullable<SeatMemory['localAlarm']>;

export class LocalAlarm {
  readonly #ports: LocalAlarmPorts;
  #standing: StandingAlarm | null;

  constructor(ports: LocalAlarmPorts) {
    this.#ports = ports;
    this.#standing = ports.memory.localAlarm;
  }

  /** The newest one that nobody has answered. */
  get standing(): StandingAlarm | null {
    return this.#standing;
  }

  /** A session was opened, and stands in the record with its person or without one. */
  opened({ id, kind, who, startedWallMs }: OpenSession): void {
    if (kind === 'breakglass' && who === null) {
      this.#keep({ session: id, since: new Date(startedWallMs).toISOString() });
      return;
    }
    if (kind !== 'person' || who === null || this.#standing === null) return;
    this.#ports.recorder.note({ type: 'breakglass.answered', body: { session: this.#standing.session, person: who.id } });
    this.#keep(null);
  }

  /** What can't be written stands as long as the agent runs. */
  #keep(alarm: StandingAlarm | null): void {
    this.#standing = alarm;
    try {
      this.#ports.memory.setLocalAlarm(alarm);
    } catch (failure) {
      this.#ports.log.error('the seat could not remember its alarm', { failure });
    }
  }
}
