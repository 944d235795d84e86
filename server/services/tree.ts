/**
 * The Merkle tree of one stored log, from its leaf hashes: complete subtrees for proofs. It keeps the hashes of blocks of 256
 * leaves and above (an eighth of a byte a leaf) and reads the leaves of a block again when a proof needs them.
 */
import type { Kysely } from 'kysely';
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import { consistencyProof, inclusionProof, type NodeReader, type TreeHasher } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { type LogName, readLeafHashes } from './logs.ts';

const BLOCK_LEVEL = 8;
const BLOCK = 2 ** BLOCK_LEVEL;
/** Rows of leaf hashes read at once: at most 1,024 leaves each. */
const ROWS = 32;

export interface StoredTree {
  readonly size: number;
  /** The hashes from leaf `seq` to the root over the first `size` leaves. */
  proof(seq: number, size?: number): Promise<readonly Uint8Array[]>;
  /** The hashes that show the first `oldSize` leaves, at least one, to be the beginning of all. */
  consistency(oldSize: number): Promise<readonly Uint8Array[]>;
}

export async function readTree(db: Kysely<Tables>, hasher: TreeHasher, log: LogName & { readonly size: number }): Promise<StoredTree> {
  const { size } = log;
  const levels = await blockLevels(db, hasher, log);
  const leavesOf = async (block: number): Promise<Uint8Array[]> => {
    const from = block * BLOCK;
    return readLeafHashes(db, log, { from, to: Math.min(from + BLOCK, size) });
  };
  const edge = size === 0 ? -1 : Math.floor((size - 1) / BLOCK);
  const edgeLeaves = edge < 0 ? [] : await leavesOf(edge);
  let near = { block: edge, leaves: edgeLeaves };
  const node: NodeReader = (level, index) => {
    if (level >= BLOCK_LEVEL) {
      const hash = levels[level - BLOCK_LEVEL]?.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
      return hash?.length === HASH_BYTES ? hash : lacking();
    }
    const begin = index * 2 ** level;
    const block = Math.floor(begin / BLOCK);
    const leaves = block === near.block ? near.leaves : block === edge ? edgeLeaves : lacking();
    return complete(hasher, leaves, { at: begin - block * BLOCK, level });
  };
  const comeNear = async (seq: number): Promise<void> => {
    const block = Math.floor(seq / BLOCK);
    if (block !== near.block) near = { block, leaves: block === edge ? edgeLeaves : await leavesOf(block) };
  };
  return {
    size,
    proof: async (seq, over = size) => {
      await comeNear(seq);
      return inclusionProof(hasher, seq, over, node);
    },
    consistency: async (oldSize) => {
      await comeNear(oldSize - 1);
      return consistencyProof(hasher, oldSize, size, node);
    },
  };
}

/** A complete subtree of leaves that are in hand. */
function complete(
  hasher: TreeHasher,
  leaves: readonly Uint8Array[],
  { at, level }: { readonly at: number; readonly level: number },
): Uint8Array {
  if (level === 0) return leaves[at] ?? lacking();
  const half = 2 ** (level - 1);
  return hasher.node(complete(hasher, leaves, { at, level: level - 1 }), complete(hasher, leaves, { at: at + half, level: level - 1 }));
}

/** All complete levels from blocks up, each as one buffer. */
async function blockLevels(db: Kysely<Tables>, hasher: TreeHasher, log: LogName & { readonly size: number }): Promise<Buffer[]> {
  const blocks = Buffer.alloc(Math.floor(log.size / BLOCK) * HASH_BYTES);
  let open: Uint8Array[] = [];
  let at = 0;
  for await (const leaf of leafHashes(db, log)) {
    open.push(leaf);
    if (open.length < BLOCK) continue;
    blocks.set(complete(hasher, open, { at: 0, level: BLOCK_LEVEL }), at);
    at += HASH_BYTES;
    open = [];
  }
  const levels = [blocks];
  for (let below = blocks; below.length >= 2 * HASH_BYTES; ) {
    const above = Buffer.alloc(Math.floor(below.length / (2 * HASH_BYTES)) * HASH_BYTES);
    for (let to = 0; to < above.length; to += HASH_BYTES) {
      const left = below.subarray(2 * to, 2 * to + HASH_BYTES);
      above.set(hasher.node(left, below.subarray(2 * to + HASH_BYTES, 2 * to + 2 * HASH_BYTES)), to);
    }
    levels.push(above);
    below = above;
  }
  return levels;
}

/** Every leaf hash below the log's size, a few segments at a time. */
async function* leafHashes(
  db: Kysely<Tables>,
  { workstationId, incarnation, size }: LogName & { readonly size: number },
): AsyncGenerator<Uint8Array> {
  let start = -1;
  let next = 0;
  for (;;) {
    const rows = await db
      .selectFrom('segments')
      .select(['start', 'leaf_hashes'])
      .where('workstation_id', '=', workstationId)
      .where('incarnation', '=', incarnation)
      .where('start', '>', start)
      .where('start', '<', size)
      .orderBy('start')
      .limit(ROWS)
      .execute();
    for (const row of rows) {
      start = Number(row.start);
      for (let at = 0; at < row.leaf_hashes.length && next < size; at += HASH_BYTES) {
        yield row.leaf_hashes.subarray(at, at + HASH_BYTES);
        next += 1;
      }
    }
    if (rows.length < ROWS) break;
  }
  if (next !== size) lacking();
}

function lacking(): never {
  throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A stored log lacks hashes of its entries.');
}
