/**
 * Keeps what intake refused, for a person to look at. One seat must never fill the disk with it: past its quota only the
 * hashes are kept, the newest of them, and one alarm says so.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import type { LogName } from './logs.ts';

/** Per workstation: pieces kept in full, and their bytes together. */
export const MOST_PIECES = 16;
export const MOST_PIECE_BYTES = 32 * 1_048_576;
/** Hashes kept of what came past the quota, 32 bytes each. */
export const MOST_HASHES = 256;
/** The row that holds those hashes, one after the other, oldest first. */
export const HASHES_ONLY = 'HASHES_ONLY';

const HASH_BYTES = 32;

export interface Piece extends LogName {
  readonly start: number;
  readonly kind: string;
  /** A plain sentence for the alarm. */
  readonly detail: string;
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** The same evidence is kept once, however often it is sent. */
export async function keepEvidence(db: Kysely<Tables>, piece: Piece): Promise<void> {
  const { workstationId, incarnation, start, kind, detail, bytes, at } = piece;
  const hash = createHash('sha256').update(`${workstationId}/${incarnation}/${start}/${kind}\n`).update(bytes).digest();
  const id = hash.toString('hex');
  await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'evidence', workstationId);
    const known = await evidenceOf(transaction, workstationId).select('id').where('id', '=', id).executeTakeFirst();
    if (known === undefined && !(await fits(transaction, workstationId, bytes.length))) {
      await keepHash(transaction, piece, hash);
      return;
    }
    const row = { id, workstation_id: workstationId, incarnation, start, kind, bytes, at };
    if (known === undefined) await transaction.insertInto('evidence').values(row).execute();
    await raiseAlarm(transaction, { workstationId, kind, detail, at });
  });
}

function evidenceOf(db: Kysely<Tables>, workstationId: string) {
  return db.selectFrom('evidence').where('workstation_id', '=', workstationId);
}

async function fits(db: Kysely<Tables>, workstationId: string, more: number): Promise<boolean> {
  const kept = await evidenceOf(db, workstationId)
    .select((eb) => [eb.fn.countAll().as('pieces'), eb.fn.sum(eb.fn('octet_length', ['bytes'])).as('bytes')])
    .where('kind', '!=', HASHES_ONLY)
    .executeTakeFirstOrThrow();
  return Number(kept.pieces) < MOST_PIECES && Number(kept.bytes ?? 0) + more <= MOST_PIECE_BYTES;
}

async function keepHash(db: Kysely<Tables>, { workstationId, incarnation, at }: Piece, hash: Buffer): Promise<void> {
  const id = createHash('sha256').update(`${workstationId}/${HASHES_ONLY}\n`).digest('hex');
  const before = await evidenceOf(db, workstationId).select('bytes').where('id', '=', id).executeTakeFirst();
  const bytes = Buffer.concat([before?.bytes ?? Buffer.alloc(0), hash]).subarray(-MOST_HASHES * HASH_BYTES);
  await db
    .insertInto('evidence')
    .values({ id, workstation_id: workstationId, incarnation, start: 0, kind: HASHES_ONLY, bytes, at })
    .onConflict((c) => c.columns(['workstation_id', 'id']).doUpdateSet({ bytes, at }))
    .execute();
  const detail = `This seat sends more entries that do not verify, or differ from what is stored, than are kept in full (${MOST_PIECES} pieces or ${MOST_PIECE_BYTES / 1_048_576} MiB). Only their hashes are kept now. Revoke the seat if nobody can say why.`;
  await raiseAlarm(db, { workstationId, kind: 'SEAT_EVIDENCE_FULL', detail, at });
}
