/**
 * The seat's audit store over its life: not there before the first policy, opened with that policy's recipients, told of
 * new ones. It owns when the store opens and what is written first; everything else about it is the store's own.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { TruthView } from '../../contract/seat-view.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { BUILD } from '../build.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { SeatMemory } from '../state/memory.ts';
import type { AuditStore } from '../store/index.ts';
import type { LogRecipient } from './recipients.ts';
import { recipientsOf, sameRecipients } from './recipients.ts';
import type { Recorder } from './recorder.ts';

export interface SeatRecordPorts {
  readonly identity: SeatIdentity;
  readonly recorder: Recorder;
  readonly memory: SeatMemory;
  readonly open: (recipients: readonly LogRecipient[], birth: 'enrolment' | 'existing') => Promise<AuditStore>;
  /** Name of the enforcement in force, for the record's first event. */
  readonly mode: string;
  readonly onAppended: () => void;
}

export class SeatRecord {
  readonly #ports: SeatRecordPorts;
  /** The session that a former life of the agent left open: one that begins before the store opens is not over. */
  readonly #unfinished: SeatMemory['open'];
  #store: AuditStore | null = null;
  #recipients: readonly LogRecipient[] = [];

  constructor(ports: SeatRecordPorts) {
    this.#ports = ports;
    this.#unfinished = ports.memory.open;
  }

  get store(): AuditStore | null {
    return this.#store;
  }

  /** The store, for what can't be done without one. Throws AUDIT_RANGE_UNAVAILABLE before the first policy, and AUDIT_STORE_FAILED where it did not open. */
  needed(): AuditStore {
    if (this.#store !== null) return this.#store;
    const { broken } = this.#ports.recorder;
    if (broken === null) throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', 'This seat has no record yet: it waits for its first policy.');
    throw new WardlockError('AUDIT_STORE_FAILED', `The record of this seat could not be opened (${broken}). It is tried again by itself.`);
  }

  /** Opens the store for this policy, or tells the open one who may read it from now on. */
  async openFor(policy: PolicySnapshot): Promise<void> {
    const recipients = recipientsOf(policy.document);
    if (this.#store === null) await this.#open(recipients);
    else if (!sameRecipients(this.#recipients, recipients)) await this.#store.setRecipients(recipients);
    this.#recipients = recipients;
  }

  storage(): TruthView['storage'] {
    const { recorder } = this.#ports;
    if (this.#store === null) return { state: recorder.broken === null ? 'ok' : 'broken', daysLeft: 0, unreceipted: 0 };
    const { recording, daysLeft, unreceipted } = this.#store.status();
    const state = recorder.broken !== null && recording === 'ok' ? 'broken' : recording;
    return { state, daysLeft: Math.max(0, Math.floor(daysLeft)), unreceipted };
  }

  /** The store writes the end of recording itself. */
  async close(): Promise<void> {
    await this.#ports.recorder.settled();
    await this.#store?.close();
  }

  async #open(recipients: readonly LogRecipient[]): Promise<void> {
    const { identity, recorder, memory, open, mode, onAppended } = this.#ports;
    const store = await open(recipients, identity.logBorn ? 'existing' : 'enrolment');
    identity.setLogBorn();
    this.#store = store;
    store.onAppended(onAppended);
    const unfinished = this.#unfinished;
    const reason = unfinished === null ? 'start' : 'restart';
    const first: AuditEvent[] = [{ type: 'recording.started', body: { build: BUILD, mode, reason } }];
    const { unreported } = memory;
    first.push(...unreported);
    const isReported = (session: string): boolean =>
      unreported.some((event) => event.type === 'breakglass.ended' && event.body.session === session);
    if (unfinished !== null && !isReported(unfinished.session)) first.push(endOf(unfinished));
    recorder.use(store, first);
    await recorder.settled();
    // Forgotten only once the end is in the record; a failed append leaves it for the next start.
    if (recorder.broken !== null) return;
    memory.clearUnreported();
    const { open: row } = memory;
    if (row !== null && (row.session === unfinished?.session || isReported(row.session))) memory.setOpen(null);
  }
}

/** A session that a former life of the agent left open has ended: nothing of it runs any more. */
function endOf(unfinished: NonNullable<SeatMemory['open']>): AuditEvent {
  const body = { session: unfinished.session, person: unfinished.person, reason: 'agent-restart' };
  return unfinished.kind === 'breakglass' ? { type: 'breakglass.ended', body } : { type: 'session.ended', body };
}
