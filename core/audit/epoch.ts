/**
 * Epochs: the entry that opens one carries its signing key, a commitment to its secret E, and E sealed by HPKE to each
 * recipient. Owns that body, the bindings and the keys derived from E. E must never be stored or logged in clear.
 *
 *   0  origin u8: 0 later epoch, 1 first of an incarnation born at enrolment, 2 first of one that replaces another
 *   1  reason u8, an index into EPOCH_REASONS
 *   2  Ed25519 public key of this epoch, 32      34  commitment, 32: SHA-256("commit" || E)
 *  66  number of recipients u8 (2 to 8), then 89 bytes each: role u8, key id 8, encapsulated key 32, ciphertext 48
 *      origin 2 only, at the end: incarnation 8, size u64 and root 32 of what the new one replaces
 */
import { WardlockError } from '../errors/index.ts';
import { concat, equalBytes, HASH_BYTES, putU64, readU64, utf8 } from './bytes.ts';
import type { AeadKey, AuditCrypto, HpkeContext, HpkeSealed, MacKey } from './crypto.ts';
import { type EntryHeader, HEADER_BYTES, INCARNATION_BYTES } from './entry.ts';

export const EPOCH_REASONS = ['start', 'session_end', 'wake', 'time', 'entries', 'recipients'] as const;
export type EpochReason = (typeof EPOCH_REASONS)[number];
export const MIN_RECIPIENTS = 2;
export const MAX_RECIPIENTS = 8;

const ROLES = { reader: 1, escrow: 2 } as const;
export type RecipientRole = keyof typeof ROLES;
const KEY_ID_BYTES = 8;
const ENVELOPE_BYTES = 1 + KEY_ID_BYTES + HASH_BYTES + 48;
const FIXED_BYTES = 3 + 2 * HASH_BYTES;
const CITATION_BYTES = INCARNATION_BYTES + 8 + HASH_BYTES;
const LABEL = 'wardlock/epoch/v1';

/** Who can open an epoch: named in offline-signed policy targets, never by the server. */
export interface Recipient {
  readonly role: RecipientRole;
  /** X25519. */
  readonly publicKey: Uint8Array;
}

export interface EpochEnvelope extends HpkeSealed {
  readonly role: RecipientRole;
  /** SHA-256 of the recipient's public key, cut. */
  readonly keyId: Uint8Array;
}

/** The last thing known of the incarnation that a new one replaces. */
export interface Citation {
  readonly incarnation: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface EpochBody {
  readonly origin:
    | { readonly kind: 'later' }
    | { readonly kind: 'enrolment' }
    | { readonly kind: 'replacement'; readonly replaces: Citation };
  readonly reason: EpochReason;
  readonly publicKey: Uint8Array;
  readonly commitment: Uint8Array;
  readonly envelopes: readonly EpochEnvelope[];
}

/** The keys of one epoch, derived from E. Drop the object to forget them. */
export interface EpochKeys {
  readonly aead: AeadKey;
  readonly nonce: MacKey;
}

/** What follows the header of the entry that opens an epoch; docs/audit-log.md names its parts. */
export function encodeEpochBody(body: EpochBody): Uint8Array {
  const originByte = { later: 0, enrolment: 1, replacement: 2 }[body.origin.kind];
  return concat(
    Uint8Array.of(originByte, EPOCH_REASONS.indexOf(body.reason)),
    body.publicKey,
    body.commitment,
    Uint8Array.of(body.envelopes.length),
    ...body.envelopes.map((envelope) => concat(Uint8Array.of(ROLES[envelope.role]), envelope.keyId, envelope.enc, envelope.ciphertext)),
    body.origin.kind === 'replacement' ? encodeCitation(body.origin.replaces) : new Uint8Array(0),
  );
}

/** Length of a body before it is made, for the header that the envelopes are bound to. */
export function epochBodyLength(recipients: number, replacement: boolean): number {
  return FIXED_BYTES + recipients * ENVELOPE_BYTES + (replacement ? CITATION_BYTES : 0);
}

/** Throws AUDIT_ENTRY_MALFORMED. */
export function parseEpochBody(bytes: Uint8Array): EpochBody {
  const [origin = 255, reasonIndex = 255] = bytes;
  const count = bytes[FIXED_BYTES - 1] ?? 0;
  const reason = EPOCH_REASONS[reasonIndex];
  if (reason === undefined || origin > 2 || count < MIN_RECIPIENTS || count > MAX_RECIPIENTS) throw malformed();
  if (bytes.length !== epochBodyLength(count, origin === 2)) throw malformed();
  const envelopes: EpochEnvelope[] = [];
  for (let i = 0; i < count; i += 1) {
    envelopes.push(parseEnvelope(bytes.subarray(FIXED_BYTES + i * ENVELOPE_BYTES, FIXED_BYTES + (i + 1) * ENVELOPE_BYTES)));
  }
  return {
    origin: parseOrigin(origin, bytes.subarray(FIXED_BYTES + count * ENVELOPE_BYTES)),
    reason,
    publicKey: bytes.slice(2, 2 + HASH_BYTES),
    commitment: bytes.slice(2 + HASH_BYTES, 2 + 2 * HASH_BYTES),
    envelopes,
  };
}

/** Undefined for what `parseEpochBody` refuses: to a verifier that is a finding, and it goes on. */
export function readEpochBody(bytes: Uint8Array): EpochBody | undefined {
  try {
    return parseEpochBody(bytes);
  } catch {
    return undefined;
  }
}

/** AES-256-GCM does not commit to its key, so E is committed to apart: all recipients hold the same E or find out. */
export function epochCommitment(crypto: Pick<AuditCrypto, 'sha256'>, secret: Uint8Array): Uint8Array {
  const message = concat(utf8('commit'), secret);
  const commitment = crypto.sha256(message);
  message.fill(0);
  return commitment;
}

/** The first 8 bytes of SHA-256 of the raw public key. */
export function recipientKeyId(crypto: Pick<AuditCrypto, 'sha256'>, publicKey: Uint8Array): Uint8Array {
  return crypto.sha256(publicKey).subarray(0, KEY_ID_BYTES);
}

/** Seals E to every recipient, bound to this epoch's header, key and commitment. */
export function sealEpochSecret(
  crypto: AuditCrypto,
  secret: Uint8Array,
  recipients: readonly Recipient[],
  epoch: { readonly header: EntryHeader; readonly headerBytes: Uint8Array; readonly publicKey: Uint8Array },
): readonly EpochEnvelope[] {
  if (recipients.length < MIN_RECIPIENTS || recipients.length > MAX_RECIPIENTS) {
    throw new WardlockError('AUDIT_RECIPIENTS_MISSING', `An epoch is sealed to ${MIN_RECIPIENTS} to ${MAX_RECIPIENTS} recipients.`);
  }
  const context = hpkeContext(epoch.header, epoch.headerBytes, epoch.publicKey, epochCommitment(crypto, secret));
  return recipients.map(({ role, publicKey }) => ({
    role,
    keyId: recipientKeyId(crypto, publicKey),
    ...crypto.hpkeSeal(publicKey, secret, context),
  }));
}

export type OpenedSecret =
  | { readonly outcome: 'opened'; readonly secret: Uint8Array }
  | { readonly outcome: 'not-a-recipient' }
  | { readonly outcome: 'entry-malformed' }
  | { readonly outcome: 'envelope-damaged' }
  | { readonly outcome: 'commitment-mismatch' };

/** Opens E with a recipient's private key from the bytes of an epoch entry. */
export function openEpochSecret(crypto: AuditCrypto, entry: Uint8Array, header: EntryHeader, privateKey: Uint8Array): OpenedSecret {
  const body = readEpochBody(entry.subarray(HEADER_BYTES));
  if (body === undefined) return { outcome: 'entry-malformed' };
  const keyId = recipientKeyId(crypto, crypto.hpkePublicKey(privateKey));
  const envelope = body.envelopes.find((candidate) => equalBytes(candidate.keyId, keyId));
  if (envelope === undefined) return { outcome: 'not-a-recipient' };
  const context = hpkeContext(header, entry.subarray(0, HEADER_BYTES), body.publicKey, body.commitment);
  const secret = crypto.hpkeOpen(privateKey, envelope, context);
  if (secret === undefined) return { outcome: 'envelope-damaged' };
  if (!equalBytes(epochCommitment(crypto, secret), body.commitment)) return { outcome: 'commitment-mismatch' };
  return { outcome: 'opened', secret };
}

/** One AES key and one nonce key per epoch. The caller wipes `secret` and the raw keys live behind handles only. */
export function deriveEpochKeys(crypto: AuditCrypto, secret: Uint8Array, header: EntryHeader): EpochKeys {
  const salt = epochBinding(header);
  const entryKey = crypto.hkdf(secret, salt, utf8(`${LABEL} entry key`));
  const nonceKey = crypto.hkdf(secret, salt, utf8(`${LABEL} nonce key`));
  const keys = { aead: crypto.aeadKey(entryKey), nonce: crypto.macKey(nonceKey) };
  entryKey.fill(0);
  nonceKey.fill(0);
  return keys;
}

function epochBinding(header: EntryHeader): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, header.epoch);
  return concat(utf8(`${LABEL}\n`), header.workstation, header.incarnation, number);
}

function hpkeContext(header: EntryHeader, headerBytes: Uint8Array, publicKey: Uint8Array, commitment: Uint8Array): HpkeContext {
  return { info: concat(epochBinding(header), publicKey), aad: concat(headerBytes, publicKey, commitment) };
}

function parseEnvelope(bytes: Uint8Array): EpochEnvelope {
  const role = bytes[0] === ROLES.reader ? 'reader' : bytes[0] === ROLES.escrow ? 'escrow' : undefined;
  if (role === undefined) throw malformed();
  const encAt = 1 + KEY_ID_BYTES;
  return { role, keyId: bytes.slice(1, encAt), enc: bytes.slice(encAt, encAt + HASH_BYTES), ciphertext: bytes.slice(encAt + HASH_BYTES) };
}

function parseOrigin(origin: number, citation: Uint8Array): EpochBody['origin'] {
  if (origin === 0) return { kind: 'later' };
  if (origin === 1) return { kind: 'enrolment' };
  const size = readU64(new DataView(citation.buffer, citation.byteOffset), INCARNATION_BYTES);
  if (size === undefined) throw malformed();
  return {
    kind: 'replacement',
    replaces: { incarnation: citation.slice(0, INCARNATION_BYTES), size, root: citation.slice(INCARNATION_BYTES + 8) },
  };
}

function encodeCitation(citation: Citation): Uint8Array {
  const out = new Uint8Array(CITATION_BYTES);
  out.set(citation.incarnation, 0);
  putU64(out, INCARNATION_BYTES, citation.size);
  out.set(citation.root, INCARNATION_BYTES + 8);
  return out;
}

function malformed(): WardlockError {
  return new WardlockError('AUDIT_ENTRY_MALFORMED', 'The body of an epoch entry cannot be read.');
}
