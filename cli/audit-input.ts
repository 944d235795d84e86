/**
 * What the audit commands share: keys from outside, lines of a long file, times as people read them. Owns no command.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { equalBytes, toHex } from '../core/audit/bytes.ts';
import type { Fault } from '../core/audit/faults.ts';
import { NOTE_ED25519, type NoteVerifier, parseVerifierKey } from '../core/audit/note.ts';
import type { LogSource, VerifySummary } from '../core/audit/verify/source.ts';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';

const CHUNK_BYTES = 256 * 1024;
/** A line longer than this is no line of ours; it is cut so that memory stays bounded. */
const LINE_LIMIT = 1024 * 1024;
/** How much of a word that is no key a sentence repeats. */
const SHOWN = 120;

/** Keys as vkeys, or as files that hold one. @throws WardlockError AUDIT_KEY_UNSUITABLE, with the one of them that is none */
export function keysFrom(texts: readonly string[]): readonly NoteVerifier[] {
  return texts.map(keyFrom);
}

function keyFrom(given: string): NoteVerifier {
  const isFile = existsSync(given);
  try {
    return parseVerifierKey(nodeCrypto, isFile ? readFileSync(given, 'utf8') : given);
  } catch (cause) {
    const why = isWardlockError(cause) ? cause.message : 'It cannot be read.';
    const which = isFile ? given : `There is no file ${given.slice(0, SHOWN)}`;
    throw new WardlockError('AUDIT_KEY_UNSUITABLE', `${which}${isFile ? ':' : '.'} ${why}`, { cause });
  }
}

export interface KeysByUse {
  readonly logKey: NoteVerifier | undefined;
  readonly receiptKeys: readonly NoteVerifier[];
}

/** The keys for one seat's log. It has one log key: a second one would go unused, and whoever gave it would not know. */
export function keysByUse(keys: readonly NoteVerifier[]): KeysByUse {
  const [logKey, ...others] = keys.filter((key) => key.type === NOTE_ED25519);
  const other = others.find((key) => logKey !== undefined && (key.name !== logKey.name || !equalBytes(key.keyId, logKey.keyId)));
  if (logKey !== undefined && other !== undefined) {
    throw new WardlockError(
      'AUDIT_KEY_UNSUITABLE',
      `A seat's log has one log key, and two were given: ${logKey.name} and ${other.name}. Give the one that belongs to this seat.`,
    );
  }
  return { logKey, receiptKeys: keys.filter((key) => key.type !== NOTE_ED25519) };
}

/** Why a log proves nothing by the keys given, or nothing where one of them spoke for it. */
export function unanchored(
  source: LogSource,
  { logKey }: KeysByUse,
  summary: Pick<VerifySummary, 'receipted' | 'witnessed'>,
): Fault | undefined {
  if (logKey !== undefined || summary.receipted > 0 || summary.witnessed > 0) return undefined;
  return { code: 'UNANCHORED', detail: `It is log ${toHex(source.log.incarnation)}. Give the seat's log key with --key.` };
}

/** The lines of a file, one chunk in memory at a time. */
export function* linesOf(path: string): Generator<string> {
  const fd = openSync(path, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  try {
    for (let got = readSync(fd, chunk); got > 0; got = readSync(fd, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, got))).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_LIMIT);
      yield* lines;
    }
    rest += decoder.end();
    if (rest !== '') yield rest;
  } finally {
    closeSync(fd);
  }
}

/** Microseconds since 1970 as RFC 3339 in UTC; years that no calendar has are given as they are. */
export function timeText(micros: number | undefined): string {
  if (micros === undefined) return '-';
  const date = new Date(micros / 1000);
  return Number.isNaN(date.getTime()) ? `${micros} us` : date.toISOString();
}
