/**
 * A simulated seat at work: the syncer's own session, with every lane that a real one runs, over the simulated agent's answers. It keeps
 * nothing on disk.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientIdentity, SeatClient } from '../../agent/syncer/seat-client.ts';
import { openSession, type Session } from '../../agent/syncer/session.ts';
import { fromBase64 } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { SimPeople } from './people.ts';
import { portOf } from './port.ts';
import type { SimRecord } from './record.ts';
import { SimVisits } from './visits.ts';

/** As much of a simulated seat as its syncer needs; an enrolled one fits. */
export interface SyncingSeat {
  readonly record: SimRecord;
  readonly identity: ClientIdentity;
  readonly sealingSeed: Uint8Array;
  readonly enrolment: {
    readonly tenant: string;
    readonly ca: string;
    readonly directoryKey: string;
    readonly mirrorKey: string;
    readonly witnessKey: string;
  };
}

export interface SimSessionParts {
  readonly server: string;
  readonly client: SeatClient;
  /** Simulated milliseconds. */
  readonly elapsed: () => number;
  readonly speed: number;
  readonly onIncident: (code: string) => void;
  /** Each time that a poll was answered after none, or failed after one that was. */
  readonly onConnection?: (isOnline: boolean, why: string | null) => void;
}

export interface SimSession extends Session {
  /** Somebody of the ward comes in with badge and PIN; false where nobody can. */
  signIn(): boolean;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function openSimSession({ record, identity, sealingSeed, enrolment }: SyncingSeat, parts: SimSessionParts): SimSession {
  const { workstationId, signer } = record;
  const { tenant, ca } = enrolment;
  const directoryKey = fromBase64(enrolment.directoryKey);
  if (directoryKey === undefined) throw new WardlockError('ENROL_REPLY_INVALID');
  const visits = new SimVisits();
  const people = new SimPeople({ tenant, workstationId, signer, sealingSeed, directoryKey, visits, elapsed: parts.elapsed });
  const session = openSession({
    agent: portOf({ record, people, keys: enrolment, onIncident: parts.onIncident, onConnection: parts.onConnection ?? (() => undefined) }),
    server: parts.client,
    identity: {
      schema: 'wardlock-syncer/1',
      server: parts.server,
      workstationId,
      ca,
      key: identity.key,
      certificate: identity.certificate,
    },
    folder: join(tmpdir(), `wardlock-sim-${process.pid}`),
    have: { policy: 0, directory: 0 },
    log: quiet,
    // Certificates of simulated seats are days old at most.
    onRenewed: () => parts.onIncident('ENROL_CLAIM_INVALID'),
    speed: parts.speed,
  });
  return {
    ...session,
    signIn: () => {
      const came = visits.signIn();
      if (came) session.tell();
      return came;
    },
  };
}
