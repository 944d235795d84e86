/** Where a seat's log stands in the logs of logs, with the proof that a stranger checks. It reads what is sequenced and nothing that waits. */
import type { Kysely } from 'kysely';
import { formatTlogProof, inclusionProof, parseCheckpoint, type TreeHasher } from '../../../core/audit/index.ts';
import type { Tables } from '../../store/schema.ts';
import type { LogName } from '../logs.ts';
import { withTiles } from './store.ts';

export interface Published {
  /** Entries that the published checkpoint covers. */
  readonly size: number;
  /** The entry: the checkpoint with the witness's cosignature. */
  readonly entry: Uint8Array;
  /** C2SP tlog-proof of the entry, in the newest checkpoint of that log of logs. */
  readonly proof: string;
}

/** The newest published checkpoint over at most `size` entries; null where there is none. */
export async function findPublished(
  db: Kysely<Tables>,
  hasher: TreeHasher,
  { workstationId, incarnation, size }: LogName & { readonly size: number },
): Promise<Published | null> {
  const found = await db
    .selectFrom('transparency_entries as entries')
    .innerJoin('transparency_logs as logs', 'logs.number', 'entries.log')
    .select(['entries.log', 'entries.seq', 'entries.size', 'entries.entry', 'logs.note'])
    .where('entries.workstation_id', '=', workstationId)
    .where('entries.incarnation', '=', incarnation)
    .where('entries.size', '<=', size)
    .orderBy('entries.size', 'desc')
    .orderBy('entries.log', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (found === undefined) return null;
  const index = Number(found.seq);
  const over = parseCheckpoint(found.note).checkpoint.size;
  const hashes = await withTiles(db, hasher, found.log, (node) => inclusionProof(hasher, index, over, node));
  return { size: Number(found.size), entry: found.entry, proof: formatTlogProof({ index, hashes, checkpoint: found.note }) };
}
