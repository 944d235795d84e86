/**
 * A directory as the syncer brings it: sealed to this seat, signed by the site. Opened and judged here, before anything of
 * it is used; it must never be older than the one in use.
 */
import { Value } from 'typebox/value';
import { Directory } from '../../contract/directory.ts';
import { DIRECTORY_INFO, SealedDirectory } from '../../contract/seat-api.ts';
import type { ErrorCode } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { parseJson, type VerifyEnvelope } from '../policy/envelope.ts';

export interface DirectoryPorts {
  readonly tenant: string;
  readonly workstationId: string;
  readonly sealingSeed: Uint8Array;
  readonly verify: VerifyEnvelope;
}

export type ReceivedOutcome =
  | { readonly ok: true; readonly directory: Directory }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const refuse = (code: ErrorCode, message: string): ReceivedOutcome => ({ ok: false, code, message });

/** Opens (HPKE base mode, RFC 9180), verifies (DSSE, Ed25519), parses and judges. */
export function receiveDirectory(sealed: Uint8Array, ports: DirectoryPorts, haveVersion: number): ReceivedOutcome {
  const box = parseJson(sealed);
  if (!Value.Check(SealedDirectory, box)) return refuse('DIRECTORY_MALFORMED', 'The staff directory is not in the form that seats read.');
  const info = new TextEncoder().encode(`${DIRECTORY_INFO}\n${ports.tenant}\n${ports.workstationId}\n`);
  const opened = open(box, ports.sealingSeed, info);
  if (opened === undefined) return refuse('DIRECTORY_UNSEALED', 'The staff directory was not sealed for this seat.');
  const payload = ports.verify(opened);
  if (payload === undefined)
    return refuse('DIRECTORY_UNSIGNED', 'The staff directory has no valid signature by the directory key of this site.');
  const directory = parseJson(payload);
  if (!Value.Check(Directory, directory)) return refuse('DIRECTORY_MALFORMED', 'The staff directory does not fit its schema.');
  if (directory.tenant !== ports.tenant) return refuse('DIRECTORY_WRONG_TENANT', 'The staff directory belongs to another site.');
  if (directory.version < haveVersion) {
    return refuse('DIRECTORY_OLDER', `The staff directory has version ${directory.version}; version ${haveVersion} is in use.`);
  }
  return { ok: true, directory };
}

function open(box: SealedDirectory, seed: Uint8Array, info: Uint8Array): Uint8Array | undefined {
  try {
    const sealed = {
      enc: new Uint8Array(Buffer.from(box.enc, 'base64')),
      ciphertext: new Uint8Array(Buffer.from(box.ciphertext, 'base64')),
    };
    return nodeCrypto.hpkeOpen(seed, sealed, { info, aad: new Uint8Array() });
  } catch {
    return undefined;
  }
}
