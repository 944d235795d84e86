/**
 * The signed head of a log as a writer makes it at each commit: a checkpoint under one key, written byte by byte into memory that is kept. Owns
 * that short way; must never give another text than `formatCheckpoint`, `signNote` and `formatNote` do.
 */
import { putBase64, utf8 } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { AuditCrypto } from './crypto.ts';
import { formatSignature, type NamedSigner, NOTE_ED25519, noteKeyId } from './note.ts';

/** Ed25519. */
const SIGNATURE_BYTES = 64;
const LINE_FEED = 0x0a;
/** More than a size, the base64 of a root and of a signature, and line feeds take. */
const ROOM_BYTES = 256;

const decoder = new TextDecoder();

/** The note for a size and its root of 32 bytes. */
export type HeadWriter = (size: number, root: Uint8Array) => string;

/** @param origin of the log (`logOrigin`) @param named the key of the epoch, under its name in the note */
export function headWriter(crypto: Pick<AuditCrypto, 'sha256'>, origin: Checkpoint['origin'], named: NamedSigner): HeadWriter {
  const { name, signer } = named;
  const keyId = noteKeyId(crypto, { name, type: NOTE_ED25519, publicKey: signer.publicKey });
  const nothing = new Uint8Array(0);
  const first = utf8(`${origin}\n`);
  const line = utf8(`\n${formatSignature({ name, keyId: nothing, signature: nothing })}`);
  const memory = new Uint8Array(first.length + line.length + ROOM_BYTES);
  memory.set(first);
  const material = new Uint8Array(keyId.length + SIGNATURE_BYTES);
  material.set(keyId);
  return (size, root) => {
    let at = putDecimal(memory, first.length, size);
    memory[at] = LINE_FEED;
    at = putBase64(root, memory, at + 1);
    memory[at] = LINE_FEED;
    at += 1;
    material.set(signer.sign(memory.subarray(0, at)), keyId.length);
    memory.set(line, at);
    at = putBase64(material, memory, at + line.length);
    memory[at] = LINE_FEED;
    return decoder.decode(memory.subarray(0, at + 1));
  };
}

/** ASCII digits from `at` on; answers where they end. */
function putDecimal(into: Uint8Array, at: number, value: number): number {
  const digits = String(value);
  for (let digit = 0; digit < digits.length; digit += 1) into[at + digit] = digits.charCodeAt(digit);
  return at + digits.length;
}
