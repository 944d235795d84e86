/** Renews the syncer's certificate in its last third, with a fresh key. Both certificates hold until they end. */
import { RenewReply, seatPaths } from '../../contract/seat-api.ts';
import { endOf, newKeyRequest, type SyncerIdentity, writeIdentity } from './identity.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

const RENEW_BEFORE_MS = 30 * 86_400_000;

/** The new identity, kept already, or null when it is too early. */
export async function renewWhenDue(server: SeatClient, folder: string, identity: SyncerIdentity): Promise<SyncerIdentity | null> {
  if (endOf(identity.certificate) - Date.now() > RENEW_BEFORE_MS) return null;
  const key = await newKeyRequest();
  const answer = await server.call({ method: 'POST', path: seatPaths.renew, ...jsonBody({ csr: key.csr.toString('base64') }) });
  const { clientCertificate } = readAnswer(answer, RenewReply);
  const renewed = { ...identity, key: key.keyPem, certificate: clientCertificate };
  writeIdentity(folder, renewed);
  return renewed;
}
