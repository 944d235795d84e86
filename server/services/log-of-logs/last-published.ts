/**
 * The newest checkpoint that this node signed or saw, in memory and, for the next start, in a file outside of the database. The
 * database is held against it again and again: one that went back in time must not go on under the name of what it lost.
 */
import { parseCheckpoint, parseVerifierKey, verifyNote } from '../../../core/audit/index.ts';
import { readIfThere, replaceFile } from '../../../crypto/secret-files.ts';
import { verifierKeyOf } from './names.ts';
import { noticeRollback, type PublisherParts } from './publisher.ts';
import { readLogs } from './store.ts';

export interface LastPublished {
  /** Empty before the first. */
  known(): string;
  /** Begins with what the file remembers. */
  recall(): Promise<void>;
  /** Holds the database as it is now against what is known, and takes note of what others published. */
  compare(): Promise<void>;
  /** What this node has published. */
  keep(note: string): void;
}

export function openLastPublished(parts: PublisherParts, file: string): LastPublished {
  let known = '';
  const learn = (note: string): void => {
    if (note !== '' && isNewer(note, known)) known = note;
  };
  const keep = (note: string): void => {
    learn(note);
    if (isNewer(note, readIfThere(file)?.toString('utf8') ?? '')) replaceFile(file, Buffer.from(note));
  };
  const compare = async (): Promise<void> => {
    const newest = await newestNote(parts);
    if (newest === known) return;
    const begun = known === '' ? null : await noticeRollback(parts, known);
    if (begun === null) learn(newest);
    else keep(begun);
  };
  return {
    known: () => known,
    recall: async () => {
      learn(remembered(parts, file));
      await compare();
    },
    compare,
    keep,
  };
}

/** A file that this site's key did not sign is no memory of ours. */
function remembered(parts: PublisherParts, file: string): string {
  const kept = readIfThere(file)?.toString('utf8');
  if (kept === undefined) return '';
  const { checkpoint, note } = parseCheckpoint(kept);
  const id = checkpoint.origin.split('/').at(-1) ?? '';
  return verifyNote(note, parseVerifierKey(parts.crypto, verifierKeyOf(parts, id))) ? kept : '';
}

async function newestNote({ db }: PublisherParts): Promise<string> {
  return (await readLogs(db)).at(-1)?.note ?? '';
}

/** Two publications of one process may end in either order. A log that is another one is a later one. */
function isNewer(note: string, than: string): boolean {
  if (than === '') return true;
  const [now, before] = [parseCheckpoint(note).checkpoint, parseCheckpoint(than).checkpoint];
  return now.origin !== before.origin || now.size > before.size;
}
