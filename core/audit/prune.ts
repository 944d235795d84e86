/**
 * The statement that a range of a log was pruned by retention: signed by the server's mirror key as a cosignature/v1 over a
 * text that no checkpoint can be. Owns that text. It says why entries are not shown; the leaf hashes, which stay, prove
 * where they stood.
 */
import { WardlockError } from '../errors/index.ts';
import { parseDecimal } from './bytes.ts';
import { cosign, verifyCosignature } from './cosignature.ts';
import type { AuditCrypto } from './crypto.ts';
import { formatNote, type NamedSigner, type NoteVerifier, parseNote } from './note.ts';

const FIRST_LINE = 'wardlock/pruned/v1';

export interface PruneStatement {
  /** Origin line of the log. */
  readonly origin: string;
  /** The entries [start, end). */
  readonly start: number;
  readonly end: number;
  /** Days that the policy of that version asked to keep the record. */
  readonly retentionDays: number;
  readonly policyVersion: number;
}

/** A signed note with one line, the mirror's. */
export function signPruneStatement(
  crypto: Pick<AuditCrypto, 'sha256'>,
  statement: PruneStatement,
  { mirror, timeSeconds }: { readonly mirror: NamedSigner; readonly timeSeconds: number },
): string {
  const { origin, start, end, retentionDays, policyVersion } = statement;
  const text = `${FIRST_LINE}\n${origin}\n${start} ${end}\nretention ${retentionDays} days, policy ${policyVersion}\n`;
  return formatNote({ text, signatures: [cosign(crypto, text, mirror, timeSeconds)] });
}

export interface VerifiedStatement extends PruneStatement {
  /** When it was signed, POSIX seconds. */
  readonly timeSeconds: number;
}

/** The statement, where one of these keys signed it; `undefined` otherwise. Throws AUDIT_NOTE_MALFORMED for what is none. */
export function verifyPruneStatement(text: string, keys: readonly NoteVerifier[]): VerifiedStatement | undefined {
  const note = parseNote(text);
  const statement = parseText(note.text);
  for (const key of keys) {
    const timeSeconds = verifyCosignature(note, key);
    if (timeSeconds !== undefined) return { ...statement, timeSeconds };
  }
  return undefined;
}

function parseText(text: string): PruneStatement {
  const [first, origin = '', range = '', why = '', last, ...rest] = text.split('\n');
  const [start, end, ...more] = range.split(' ').map(parseDecimal);
  const [, days = '', version = ''] = /^retention (\d+) days, policy (\d+)$/.exec(why) ?? [];
  const [retentionDays, policyVersion] = [parseDecimal(days), parseDecimal(version)];
  const complete = start !== undefined && end !== undefined && retentionDays !== undefined && policyVersion !== undefined;
  if (first !== FIRST_LINE || origin === '' || !complete || start >= end || more.length > 0 || last !== '' || rest.length > 0) {
    throw new WardlockError('AUDIT_NOTE_MALFORMED', 'This is not a statement about a pruned range.');
  }
  return { origin, start, end, retentionDays, policyVersion };
}
