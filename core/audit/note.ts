/**
 * C2SP signed notes: a text and one line per signature. Owns the form and the key ids; must never decide who is trusted,
 * and never hands out a text as verified without saying by which keys.
 */
import { WardlockError } from '../errors/index.ts';
import { concat, equalBytes, fromBase64, fromUtf8, HASH_BYTES, toBase64, toHex, utf8 } from './bytes.ts';
import type { AuditCrypto, SignatureVerifier, Signer } from './crypto.ts';

/** Signature types of C2SP signed-note: plain Ed25519, and Ed25519 cosignatures of tlog-cosignature. */
export const NOTE_ED25519 = 0x01;
export const NOTE_COSIGNATURE = 0x04;
export type NoteKeyType = typeof NOTE_ED25519 | typeof NOTE_COSIGNATURE;

/** Longest note that is read, in bytes, and most signature lines: bounds for parsers, far above what seats write. */
export const MAX_NOTE_BYTES = 8192;
export const MAX_NOTE_SIGNATURES = 16;

const KEY_ID_BYTES = 4;
const KEY_NAME = /^[^\s+\p{Cc}]{1,255}$/u;
const SIGNATURE_PREFIX = '\u2014 ';

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  /** What follows the key id: 64 bytes for Ed25519, a timestamp before that in a cosignature. */
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** Ends in a line feed; this is what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A public key with the name it signs under. */
export interface NoteKey {
  readonly name: string;
  readonly type: NoteKeyType;
  readonly publicKey: Uint8Array;
}

/** A `NoteKey` made ready for checking: its id and a verifier. */
export interface NoteVerifier extends NoteKey {
  readonly keyId: Uint8Array;
  readonly verifier: SignatureVerifier;
}

/** The first 4 bytes of SHA-256(name || 0x0A || type || public key), as C2SP signed-note and tlog-cosignature have it. */
export function noteKeyId(crypto: Pick<AuditCrypto, 'sha256'>, key: NoteKey): Uint8Array {
  return crypto.sha256(concat(utf8(`${key.name}\n`), Uint8Array.of(key.type), key.publicKey)).subarray(0, KEY_ID_BYTES);
}

/** `name+hash+base64(type || key)`: the form in which keys are handed from person to person. */
export function formatVerifierKey(crypto: Pick<AuditCrypto, 'sha256'>, key: NoteKey): string {
  const material = toBase64(concat(Uint8Array.of(key.type), key.publicKey));
  return `${key.name}+${toHex(noteKeyId(crypto, key))}+${material}`;
}

/** Reads a vkey; refuses a wrong hash, another algorithm and low-order keys with AUDIT_KEY_UNSUITABLE. */
export function parseVerifierKey(crypto: Pick<AuditCrypto, 'sha256' | 'verifier'>, text: string): NoteVerifier {
  const [name = '', hash = '', ...rest] = text.trim().split('+');
  const material = fromBase64(rest.join('+'));
  const type = material?.[0];
  if (!KEY_NAME.test(name) || material?.length !== 1 + HASH_BYTES || (type !== NOTE_ED25519 && type !== NOTE_COSIGNATURE)) {
    throw new WardlockError('AUDIT_KEY_UNSUITABLE', 'This is not a verification key. Expected name+hash+base64 of an Ed25519 key.');
  }
  const verifier = noteVerifier(crypto, { name, type, publicKey: material.slice(1) });
  if (toHex(verifier.keyId) !== hash) {
    throw new WardlockError('AUDIT_KEY_UNSUITABLE', 'The hash inside this verification key does not match it. Copy it again, whole.');
  }
  return verifier;
}

/** Makes a key ready for checking; throws AUDIT_KEY_UNSUITABLE for a low-order key. */
export function noteVerifier(crypto: Pick<AuditCrypto, 'sha256' | 'verifier'>, key: NoteKey): NoteVerifier {
  return { ...key, keyId: noteKeyId(crypto, key), verifier: crypto.verifier(key.publicKey) };
}

/** One signature line, without its line feed. */
export function formatSignature(signature: NoteSignature): string {
  return `${SIGNATURE_PREFIX}${signature.name} ${toBase64(concat(signature.keyId, signature.signature))}`;
}

/** The text, an empty line and the signature lines (C2SP signed-note). */
export function formatNote(note: SignedNote): string {
  return `${note.text}\n${note.signatures.map((signature) => `${formatSignature(signature)}\n`).join('')}`;
}

/** The key id of each signer that has signed: a seat signs its head at every commit, a witness each anchor. */
const keyIds = { [NOTE_ED25519]: new WeakMap<NamedSigner, Uint8Array>(), [NOTE_COSIGNATURE]: new WeakMap<NamedSigner, Uint8Array>() };

/** As `noteKeyId`, remembered for each signer. */
export function keyIdOf(crypto: Pick<AuditCrypto, 'sha256'>, named: NamedSigner, type: NoteKeyType): Uint8Array {
  let keyId = keyIds[type].get(named);
  if (keyId === undefined) {
    keyId = noteKeyId(crypto, { name: named.name, type, publicKey: named.signer.publicKey });
    keyIds[type].set(named, keyId);
  }
  return keyId;
}

/** A plain Ed25519 signature (type 0x01) over `text`. */
export function signNote(crypto: Pick<AuditCrypto, 'sha256'>, text: string, signers: readonly NamedSigner[]): SignedNote {
  const message = utf8(text);
  return {
    text,
    signatures: signers.map((named) => ({
      name: named.name,
      keyId: keyIdOf(crypto, named, NOTE_ED25519),
      signature: named.signer.sign(message),
    })),
  };
}

export interface NamedSigner {
  readonly name: string;
  readonly signer: Signer;
}

/** Parses a note; throws AUDIT_NOTE_MALFORMED. Nothing in the result is verified yet. */
export function parseNote(input: string | Uint8Array): SignedNote {
  const note = typeof input === 'string' ? input : fromUtf8(input);
  if (note === undefined) throw malformed('is not UTF-8 text');
  if (note.length > MAX_NOTE_BYTES) throw malformed(`is longer than ${MAX_NOTE_BYTES} bytes`);
  if (hasControlCharacters(note)) throw malformed('holds control characters');
  const split = note.lastIndexOf('\n\n');
  if (split < 1 || !note.endsWith('\n')) throw malformed('has no blank line before its signatures');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed('has too many signatures');
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

/** True when the note has a valid plain signature by this key. A line under the key's name and id that fails is a failure. */
export function verifyNote(note: SignedNote, key: NoteVerifier): boolean {
  const signature = plainSignature(note, key);
  return signature !== undefined && key.verifier.verify(utf8(note.text), signature);
}

/** As `verifyNote`; what takes long is done beside the caller's thread. */
export async function verifyNoteAside(note: SignedNote, key: NoteVerifier): Promise<boolean> {
  const signature = plainSignature(note, key);
  return signature !== undefined && key.verifier.verifyAside(utf8(note.text), signature);
}

/** The one plain signature under this key's name and id; `undefined` when there is none, or more than one. */
function plainSignature(note: SignedNote, key: NoteVerifier): Uint8Array | undefined {
  const [line, ...rest] = signaturesOf(note, key);
  return key.type === NOTE_ED25519 && rest.length === 0 ? line?.signature : undefined;
}

/** The signature lines under this key's name and id; unknown keys are passed over, as the specification asks. */
export function signaturesOf(note: SignedNote, key: Pick<NoteVerifier, 'name' | 'keyId'>): readonly NoteSignature[] {
  return note.signatures.filter((line) => line.name === key.name && equalBytes(line.keyId, key.keyId));
}

function parseSignature(line: string): NoteSignature {
  const [name = '', material = '', ...rest] = line.startsWith(SIGNATURE_PREFIX) ? line.slice(SIGNATURE_PREFIX.length).split(' ') : [];
  const bytes = fromBase64(material);
  if (!KEY_NAME.test(name) || rest.length > 0 || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw malformed('has a signature line that cannot be read');
  }
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

function hasControlCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) < 0x20 && text[i] !== '\n') return true;
  return false;
}

function malformed(what: string): WardlockError {
  return new WardlockError('AUDIT_NOTE_MALFORMED', `The signed note ${what}.`);
}
