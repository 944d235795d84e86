/**
 * C2SP tlog-cosignature, cosignature/v1 on Ed25519: the receipt of a witness or a mirror. Owns the signed message;
 * must never be read as more than it says: at this time the cosigner saw this tree and none larger.
 */
import { concat, putU64, readU64, utf8 } from './bytes.ts';
import type { AuditCrypto } from './crypto.ts';
import {
  formatNote,
  formatSignature,
  keyIdOf,
  type NamedSigner,
  NOTE_COSIGNATURE,
  type NoteSignature,
  type NoteVerifier,
  type SignedNote,
  signaturesOf,
} from './note.ts';

const TIMESTAMP_BYTES = 8;
const ED25519_SIGNATURE_BYTES = 64;

/** Cosigns a checkpoint's text at `timeSeconds` (POSIX). */
export function cosign(crypto: Pick<AuditCrypto, 'sha256'>, text: string, cosigner: NamedSigner, timeSeconds: number): NoteSignature {
  const timestamp = new Uint8Array(TIMESTAMP_BYTES);
  putU64(timestamp, 0, timeSeconds);
  const { name, signer } = cosigner;
  return {
    name,
    keyId: keyIdOf(crypto, cosigner, NOTE_COSIGNATURE),
    signature: concat(timestamp, signer.sign(cosignedMessage(text, timeSeconds))),
  };
}

/** The time of the cosignature in seconds, or `undefined` when this cosigner did not validly cosign the note. */
export function verifyCosignature(note: SignedNote, key: NoteVerifier): number | undefined {
  const [line, ...rest] = signaturesOf(note, key);
  if (key.type !== NOTE_COSIGNATURE || line === undefined || rest.length > 0) return undefined;
  const { signature } = line;
  if (signature.length !== TIMESTAMP_BYTES + ED25519_SIGNATURE_BYTES) return undefined;
  const time = readU64(new DataView(signature.buffer, signature.byteOffset, TIMESTAMP_BYTES), 0);
  if (time === undefined) return undefined;
  return key.verifier.verify(cosignedMessage(note.text, time), signature.subarray(TIMESTAMP_BYTES)) ? time : undefined;
}

/** Adds a line to a note. The bytes before it stay as they were. */
export function withSignature(note: SignedNote, signature: NoteSignature): string {
  return `${formatNote(note)}${formatSignature(signature)}\n`;
}

/** The answer of a witness to add-checkpoint: its own lines only. */
export function cosignatureReply(signatures: readonly NoteSignature[]): string {
  return signatures.map((signature) => `${formatSignature(signature)}\n`).join('');
}

function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}
