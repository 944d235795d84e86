/**
 * Renews the syncer's certificate: in its last third, and at once when the server takes it no more, because a seat that was away
 * for months must come back by itself. Each with a fresh key; both certificates hold until they end. The authority's certificate is
 * looked after in the same turn, so that two never write the identity at once.
 */
import { RenewReply, seatPaths } from '../../contract/seat-api.ts';
import type { ErrorCode } from '../../core/errors/index.ts';
import type { AuthorityRenewal } from './authority-renewal.ts';
import { endOf, newKeyRequest, type SyncerIdentity, writeIdentity } from './identity.ts';
import { RefusedByServer } from './refused.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

const RENEW_BEFORE_MS = 30 * 86_400_000;
/** Answers that a new certificate may cure. The server's word counts, not this seat's clock, which may be wrong. */
const CURABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['SERVER_SEAT_EXPIRED', 'SERVER_SEAT_UNKNOWN']);

export interface Renewal {
  /** To be told of what became of other work; true when that calls for a new certificate now. */
  refused(failure: unknown): boolean;
  /** The new identity, kept already, or null when it is too early. */
  run(): Promise<SyncerIdentity | null>;
}

export interface RenewalPorts {
  readonly server: SeatClient;
  readonly authority: AuthorityRenewal;
  readonly folder: string;
}

export function openRenewal({ server, authority, folder }: RenewalPorts, identity: SyncerIdentity): Renewal {
  let wanted = false;
  const keep = (changed: SyncerIdentity): SyncerIdentity => {
    writeIdentity(folder, changed);
    return changed;
  };
  return {
    refused: (failure) => {
      wanted ||= failure instanceof RefusedByServer && CURABLE.has(failure.code);
      return wanted;
    },
    run: async () => {
      if (!wanted && endOf(identity.certificate) - Date.now() > RENEW_BEFORE_MS) {
        const ca = await authority.run();
        return ca === null ? null : keep({ ...identity, ca });
      }
      const key = await newKeyRequest();
      const answer = await server.call({ method: 'POST', path: seatPaths.renew, ...jsonBody({ csr: key.csr.toString('base64') }) });
      const { clientCertificate } = readAnswer(answer, RenewReply);
      return keep({ ...identity, key: key.keyPem, certificate: clientCertificate });
    },
  };
}
