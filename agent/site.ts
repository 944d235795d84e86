/**
 * What the site told this seat: its policy and its staff. It exists once the seat is enrolled, opens the audit store with
 * the first policy's recipients, and reports what changed; it never acts on a session itself.
 */
import type { Result } from '../contract/boundary.ts';
import type { Enrolment } from '../contract/seat-api.ts';
import type { SyncBoundary } from '../contract/sync.ts';
import type { ErrorCode } from '../core/errors/index.ts';
import type { StaffDirectory } from './credentials/directory.ts';
import { type DirectoryPorts, receiveDirectory } from './credentials/receive.ts';
import type { SeatLog } from './log.ts';
import { directoryVerifier, policyVerifier } from './policy/envelope.ts';
import { ownPrograms } from './policy/own-programs.ts';
import { type PolicyOutcome, type PolicySnapshot, PolicyStore } from './policy/policy-store.ts';
import type { Recorder } from './record/recorder.ts';
import type { SeatMemory } from './state/memory.ts';

export interface SitePorts {
  readonly enrolment: Enrolment;
  readonly policyPath: string;
  readonly sealingSeed: Uint8Array;
  /** The wall clock, but never before what the site signed. */
  readonly trustedWallMs: () => number;
  readonly recorder: Recorder;
  readonly log: SeatLog;
  readonly directory: StaffDirectory;
  readonly memory: Pick<SeatMemory, 'highest' | 'raiseHighest'>;
  /** Makes the audit store ready for these recipients, before the first event of this policy. */
  readonly openRecord: (policy: PolicySnapshot) => Promise<void>;
  /** Whether a directory of this version may lack a PIN that this person changed at the seat. */
  readonly isOnItsWay: (person: string, version: number) => boolean;
  readonly onPolicy: () => void;
  readonly onDirectory: (gone: readonly string[]) => void;
}

export class Site {
  readonly #ports: SitePorts;
  readonly #policies: PolicyStore;
  readonly #directoryPorts: DirectoryPorts;
  /** Candidates are judged one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #refusedDirectory: ErrorCode | null = null;

  constructor(ports: SitePorts) {
    this.#ports = ports;
    const { enrolment, trustedWallMs, recorder, log, memory, openRecord } = ports;
    this.#policies = new PolicyStore({
      path: ports.policyPath,
      tenant: enrolment.tenant,
      verify: policyVerifier(enrolment.policyKeys),
      own: ownPrograms,
      wallMs: trustedWallMs,
      highest: () => memory.highest('policy'),
      raiseHighest: (version) => memory.raiseHighest('policy', version),
      record: async (next, replaces) => {
        await openRecord(next).catch((failure: unknown) => {
          log.error('the record could not be made ready for a policy', { failure });
          throw failure;
        });
        await recorder.append({ type: 'policy.applied', body: { version: next.version, sha256: next.sha256, replaces } });
      },
      recordRefusal: (code, offered, kept) => recorder.note({ type: 'policy.refused', body: { code, offered, kept } }),
    });
    this.#directoryPorts = {
      tenant: enrolment.tenant,
      workstationId: enrolment.workstationId,
      sealingSeed: ports.sealingSeed,
      verify: directoryVerifier(enrolment.directoryKey),
    };
  }

  get policy(): PolicySnapshot | null {
    return this.#policies.current;
  }

  /** The stored policy did not verify any more: the seat has none until the next arrives. */
  get policyWasBroken(): boolean {
    return this.#policies.wasBroken;
  }

  /** Why the staff list that came last was refused, while the former one goes on; null once one was taken. */
  get refusedDirectory(): ErrorCode | null {
    return this.#refusedDirectory;
  }

  offerPolicy(envelope: Uint8Array): Promise<PolicyOutcome> {
    return this.#inTurn(async () => {
      const outcome = await this.#policies.offer(envelope);
      if (outcome.outcome === 'applied') this.#ports.onPolicy();
      return outcome;
    });
  }

  offerDirectory(sealed: Uint8Array): Promise<Result<SyncBoundary, 'directory'>> {
    return this.#inTurn(() => this.#takeDirectory(sealed));
  }

  #takeDirectory(sealed: Uint8Array): Result<SyncBoundary, 'directory'> {
    const { directory, memory, recorder, isOnItsWay, onDirectory } = this.#ports;
    // The stored directory may be lost: nothing below what was once in use comes back, that itself does.
    const floor = Math.max(directory.version, memory.highest('directory'));
    const received = receiveDirectory(sealed, this.#directoryPorts, floor);
    if (!received.ok) {
      recorder.note({ type: 'directory.refused', body: { code: received.code, kept: directory.version } });
      this.#refusedDirectory = received.code;
      return { outcome: 'refused', code: received.code, message: received.message };
    }
    this.#refusedDirectory = null;
    const { version, persons } = received.directory;
    if (version === directory.version) return { outcome: 'unchanged', version };
    memory.raiseHighest('directory', version);
    // Whom the site has locked out is out, whether or not the record has room to say so: it is told, never waited for.
    const { gone, roles } = directory.replace(received.directory, (person) => isOnItsWay(person, version));
    recorder.note({ type: 'directory.applied', body: { version, persons: persons.length, ...(roles > 0 ? { roles } : {}) } });
    onDirectory(gone);
    return { outcome: 'applied', version };
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
