/**
 * What the log of logs is called and what its entries look like: each is a signed note, so that whoever reads a bundle knows
 * who said what. It owns names and forms; nothing is stored here.
 */
import {
  type AuditCrypto,
  formatCheckpoint,
  formatNote,
  formatVerifierKey,
  fromHex,
  NOTE_ED25519,
  type Signer,
  signNote,
} from '../../../core/audit/index.ts';

/** Bytes of a log's id; a new one is drawn for each log, so that a restored database never goes on under the name of what it lost. */
export const LOG_ID_BYTES = 8;
const CHAIN_HASH_BYTES = 32;

export interface LogOfLogsKey {
  readonly crypto: AuditCrypto;
  readonly tenant: string;
  readonly signer: Signer;
}

/** The origin line, which is also the name of its key. */
export function originOf(tenant: string, id: string): string {
  return `wardlock/${tenant}/log/${id}`;
}

/** The origin under which the head of the server's own log is written. */
export function serverLogOrigin(tenant: string): string {
  return `wardlock/${tenant}/server-log`;
}

/** C2SP vkey of the log with this id. */
export function verifierKeyOf({ crypto, tenant, signer }: LogOfLogsKey, id: string): string {
  return formatVerifierKey(crypto, { name: originOf(tenant, id), type: NOTE_ED25519, publicKey: signer.publicKey });
}

export function signedCheckpoint(
  { crypto, tenant, signer }: LogOfLogsKey,
  log: { readonly id: string; readonly size: number; readonly root: Uint8Array },
): string {
  const origin = originOf(tenant, log.id);
  const text = formatCheckpoint({ origin, size: log.size, root: log.root });
  return formatNote(signNote(crypto, text, [{ name: origin, signer }]));
}

/** The head of the server's own log: how many rows there are and the hash of the last, which covers all before it. */
export function serverLogHead({ crypto, tenant, signer }: LogOfLogsKey, head: { readonly rows: number; readonly hash: string }): string {
  const name = serverLogOrigin(tenant);
  const text = formatCheckpoint({ origin: name, size: head.rows, root: fromHex(head.hash, CHAIN_HASH_BYTES) });
  return formatNote(signNote(crypto, text, [{ name, signer }]));
}
