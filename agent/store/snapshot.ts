/**
 * A consistent copy of the store in one file for a verifier, with the head anchor, the witness's cosignature and the emergency log inside. Owns that
 * copy; must never change the original, nor write over anything that is there.
 */
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { utf8 } from '../../core/audit/bytes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord } from './anchor.ts';
import type { StoreDatabase } from './database.ts';
import { EMERGENCY_TOLD } from './emergency-told.ts';

const PRIVATE_FILE = 0o600;
/** Key under which a snapshot carries the anchor. */
export const SNAPSHOT_ANCHOR = 'anchor';
/** Key under which it carries the checkpoint that the witness cosigned. */
export const SNAPSHOT_WITNESSED = 'witnessed';
/** Key under which it carries the emergency log. */
export const SNAPSHOT_EMERGENCY = 'emergency';

export interface SnapshotParts {
  readonly anchor: AnchorRecord | undefined;
  readonly witnessed: string | undefined;
  /** What the emergency log holds and what the main log was told of it; read last and at once, so that neither is behind the other. */
  readonly emergency: () => { readonly content: Uint8Array | undefined; readonly told: Uint8Array | undefined };
}

export async function writeSnapshot(db: StoreDatabase, path: string, { anchor, witnessed, emergency }: SnapshotParts): Promise<void> {
  if (existsSync(path)) throw new WardlockError('AUDIT_INPUT_MALFORMED', `${path} is there already. Name a new file for the snapshot.`);
  if (!existsSync(dirname(path)))
    throw new WardlockError(
      'AUDIT_INPUT_MALFORMED',
      `There is no folder ${dirname(path)}. Make it first, or name another file for the snapshot.`,
    );
  await db.backup(path);
  await chmod(path, PRIVATE_FILE);
  const copy = new Database(path);
  try {
    copy.pragma('journal_mode = DELETE');
    const put = copy.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
    if (anchor !== undefined) put.run(SNAPSHOT_ANCHOR, utf8(JSON.stringify(anchor)));
    if (witnessed !== undefined) put.run(SNAPSHOT_WITNESSED, utf8(witnessed));
    const { content, told } = emergency();
    if (content !== undefined) put.run(SNAPSHOT_EMERGENCY, content);
    if (told !== undefined) put.run(EMERGENCY_TOLD, told);
  } finally {
    copy.close();
  }
}
