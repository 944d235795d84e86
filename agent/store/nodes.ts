/**
 * Reads subtree hashes of the stored log: whole blocks of 32 from the table, smaller ones from their entries, pruned ones
 * from the frontier that pruning left. Owns that order; checks nothing, because every use ends at a signed root.
 */
import { CompactRange, coverage, type TreeNode } from '../../core/audit/compact.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NodeReader } from '../../core/audit/merkle.ts';
import { BLOCK_LEAVES, BLOCK_LEVEL } from '../../core/audit/verify/recovering-tree.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from './tables.ts';

/** What pruning left of the entries before the first one that is still there. */
export interface Pruned {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const NOTHING_PRUNED: Pruned = { size: 0, hashes: [] };

/** Subtrees of this level and above, over 1,024 entries and more, are few enough to keep: some 2,000 for a million entries. */
const KEPT_LEVEL = 10;
const MAX_KEPT = 16_384;

type NodeLookup = Tables['node'];

/** Looks stored hashes up and keeps the upper ones, which never change once written: for a log that stays open. */
export function keepingNodes(tables: Tables): NodeLookup {
  const kept = new Map<string, Uint8Array>();
  return (level, index) => {
    if (level < KEPT_LEVEL) return tables.node(level, index);
    const place = `${level}/${index}`;
    const hash = kept.get(place) ?? tables.node(level, index);
    if (kept.size >= MAX_KEPT) kept.clear();
    if (hash !== undefined) kept.set(place, hash);
    return hash;
  };
}

export function storedNodes(tables: Tables, hasher: TreeHasher, pruned: Pruned, stored: NodeLookup = tables.node): NodeReader {
  const left: readonly TreeNode[] = coverage(0, pruned.size).map((covered, at) => ({
    ...covered,
    hash: pruned.hashes[at] ?? hasher.emptyRoot,
  }));
  const blocks = new Map<number, readonly Uint8Array[]>();
  const leaf = (seq: number): Uint8Array | undefined => {
    const block = Math.floor(seq / BLOCK_LEAVES);
    const leaves = blocks.get(block) ?? leavesOf(tables, hasher, block);
    blocks.set(block, leaves);
    return leaves[seq % BLOCK_LEAVES];
  };
  const read: NodeReader = (level, index) => {
    const hash =
      left.find((node) => node.level === level && node.index === index)?.hash ??
      (level >= BLOCK_LEVEL ? stored(level, index) : undefined) ??
      (level === 0 ? leaf(index) : undefined);
    if (hash !== undefined) return hash;
    if (level > 0 && level <= BLOCK_LEVEL) return hasher.node(read(level - 1, index * 2), read(level - 1, index * 2 + 1));
    const begin = index * 2 ** level;
    throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `The store does not hold entries ${begin} to ${begin + 2 ** level - 1}.`);
  };
  return read;
}

/** The frontier of the first `size` entries. */
export function frontierAt(hasher: TreeHasher, size: number, node: NodeReader): CompactRange {
  return CompactRange.frontier(
    hasher,
    size,
    coverage(0, size).map(({ level, index }) => node(level, index)),
  );
}

/** The leaf hashes of one block, at their places; a proof needs most of them, so they are read at once. */
function leavesOf(tables: Tables, hasher: TreeHasher, block: number): readonly Uint8Array[] {
  const begin = block * BLOCK_LEAVES;
  const leaves: Uint8Array[] = [];
  for (const { seq, bytes } of tables.entries(begin, BLOCK_LEAVES))
    if (seq < begin + BLOCK_LEAVES) leaves[seq - begin] = hasher.leaf(bytes);
  return leaves;
}
