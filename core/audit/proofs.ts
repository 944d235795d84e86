/**
 * Two texts that carry proofs: C2SP tlog-proof (one entry is in a log) and the body of tlog-witness add-checkpoint (a log
 * only grew). Owns their forms; checking the hashes is merkle.ts, trusting the keys is the caller's.
 */
import { WardlockError } from '../errors/index.ts';
import { fromBase64, HASH_BYTES, parseDecimal, toBase64 } from './bytes.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';

const PROOF_HEADER = 'c2sp.org/tlog-proof@v1';
/** More than the height of any tree below 2^53 leaves. */
const MAX_PROOF_HASHES = 64;
/** Extra data that is read and passed over. */
const MAX_TEXT = 64 * 1024;

export interface TlogProof {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The checkpoint's note, verbatim. */
  readonly checkpoint: string;
}

/** A C2SP tlog-proof: header, index, hashes in base64, an empty line and the note of the checkpoint. */
export function formatTlogProof(proof: TlogProof): string {
  return `${PROOF_HEADER}\nindex ${proof.index}\n${lines(proof.hashes)}\n${proof.checkpoint}`;
}

/** Throws AUDIT_PROOF_MALFORMED. The `extra` line is allowed and, being unauthenticated, dropped. */
export function parseTlogProof(text: string): TlogProof & { readonly signed: SignedCheckpoint } {
  const { head, checkpoint } = splitAtBlankLine(text);
  if (head.shift() !== PROOF_HEADER) throw malformed(`does not begin with ${PROOF_HEADER}`);
  if (head[0]?.startsWith('extra ')) head.shift();
  const index = field(head.shift(), 'index ');
  return { index, hashes: hashLines(head), checkpoint, signed: parseCheckpoint(checkpoint) };
}

export interface AddCheckpoint {
  readonly oldSize: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

/** The body of `POST <prefix>/add-checkpoint`. */
export function formatAddCheckpoint(request: AddCheckpoint): string {
  return `old ${request.oldSize}\n${lines(request.hashes)}\n${request.checkpoint}`;
}

/** Throws AUDIT_PROOF_MALFORMED or AUDIT_NOTE_MALFORMED. */
export function parseAddCheckpoint(text: string): AddCheckpoint & { readonly signed: SignedCheckpoint } {
  const { head, checkpoint } = splitAtBlankLine(text);
  const oldSize = field(head.shift(), 'old ');
  return { oldSize, hashes: hashLines(head), checkpoint, signed: parseCheckpoint(checkpoint) };
}

function splitAtBlankLine(text: string): { readonly head: string[]; readonly checkpoint: string } {
  const blank = text.length > MAX_TEXT ? -1 : text.indexOf('\n\n');
  if (blank < 0) throw malformed('is too long or has no blank line before its checkpoint');
  return { head: text.slice(0, blank).split('\n'), checkpoint: text.slice(blank + 2) };
}

function field(line: string | undefined, name: string): number {
  const value = line?.startsWith(name) ? parseDecimal(line.slice(name.length)) : undefined;
  if (value === undefined) throw malformed(`has no line "${name}" with a number`);
  return value;
}

function lines(hashes: readonly Uint8Array[]): string {
  return hashes.map((hash) => `${toBase64(hash)}\n`).join('');
}

function hashLines(texts: readonly string[]): readonly Uint8Array[] {
  if (texts.length > MAX_PROOF_HASHES) throw malformed('has too many hashes');
  return texts.map((text) => {
    const hash = fromBase64(text);
    if (hash?.length !== HASH_BYTES) throw malformed('has a hash that is not 32 bytes of base64');
    return hash;
  });
}

function malformed(what: string): WardlockError {
  return new WardlockError('AUDIT_PROOF_MALFORMED', `The proof ${what}.`);
}
