/**
 * Looks after a record that can't be written: it is tried again, and an open session is locked where the policy says so. It
 * must never report an event as durable.
 */
import { isWardlockError } from '../../core/errors/index.ts';
import type { OpenSession, SeatEvent } from '../../core/session/types.ts';
import { choicesOf } from '../../policies/effective.ts';
import type { Clock } from '../clock.ts';
import type { SeatLog } from '../log.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatRecord } from '../record/seat-record.ts';

export interface RecordWatchPorts {
  readonly clock: Clock;
  readonly log: SeatLog;
  readonly recorder: Pick<Recorder, 'broken' | 'failed'>;
  readonly record: Pick<SeatRecord, 'store' | 'openFor'>;
  readonly snapshot: () => PolicySnapshot | null;
  readonly openSession: () => OpenSession | null;
  readonly dispatch: (event: SeatEvent) => void;
}

/** How often a record that could not be opened is tried again, in milliseconds. */
const REOPEN_MS = 10_000;

export class RecordWatch {
  readonly #ports: RecordWatchPorts;
  #reopenMs: number;

  constructor(ports: RecordWatchPorts) {
    this.#ports = ports;
    this.#reopenMs = ports.clock.bootMs() + REOPEN_MS;
  }

  /** Without a record nobody signs in, and break-glass goes on: the seat serves all the same and tries again. */
  async open(): Promise<void> {
    const { recorder, record, log, snapshot } = this.#ports;
    const policy = snapshot();
    if (policy === null || record.store !== null) return;
    try {
      await record.openFor(policy);
    } catch (failure) {
      recorder.failed(isWardlockError(failure) ? failure.code : 'AUDIT_STORE_FAILED');
      log.error('the record of this seat could not be opened', { failure });
    }
  }

  tick(): void {
    const { clock, recorder, snapshot, openSession, dispatch } = this.#ports;
    if (clock.bootMs() >= this.#reopenMs) {
      this.#reopenMs = clock.bootMs() + REOPEN_MS;
      void this.open();
    }
    const policy = snapshot();
    // What was open before the record broke; nobody comes in without one.
    if (policy === null || recorder.broken === null || openSession()?.kind !== 'person') return;
    if (choicesOf(policy.document).recordingBroken === 'lock') dispatch({ type: 'RecordLost', code: recorder.broken });
  }
}
