/** The Merkle tree of one stored log, from its leaf hashes: complete subtrees for proofs. Built for one export and dropped. */
import type { Kysely } from 'kysely';
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import type { NodeReader, TreeHasher } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

/** Reads the hash of every leaf below `size` and answers complete subtrees from there. */
export async function readTree(db: Kysely<Tables>, hasher: TreeHasher, log: LogName & { readonly size: number }): Promise<NodeReader> {
  const rows = await db
    .selectFrom('segments')
    .select('leaf_hashes')
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('start', '<', log.size)
    .orderBy('start')
    .execute();
  const levels = [Buffer.concat(rows.map((row) => row.leaf_hashes)).subarray(0, log.size * HASH_BYTES)];
  for (let below = levels[0] ?? Buffer.alloc(0); below.length >= 2 * HASH_BYTES; ) {
    const above = Buffer.alloc(Math.floor(below.length / (2 * HASH_BYTES)) * HASH_BYTES);
    for (let at = 0; at < above.length; at += HASH_BYTES) {
      const left = below.subarray(2 * at, 2 * at + HASH_BYTES);
      above.set(hasher.node(left, below.subarray(2 * at + HASH_BYTES, 2 * at + 2 * HASH_BYTES)), at);
    }
    levels.push(above);
    below = above;
  }
  return (level, index) => {
    const hash = levels[level]?.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    if (hash?.length !== HASH_BYTES) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A stored log lacks hashes of its entries.');
    return hash;
  };
}
