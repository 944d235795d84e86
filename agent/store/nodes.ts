/**
 * Reads subtree hashes of the stored log: whole blocks of 32 from the table, smaller ones from their entries, pruned ones
 * from the frontier that pruning left. Owns that order; checks nothing, because every use ends at a signed root.
 */
import { CompactRange, coverage, type TreeNode } from '../../core/audit/compact.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NodeReader } from '../../core/audit/merkle.ts';
import { BLOCK_LEVEL } from '../../core/audit/verify/recovering-tree.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from './tables.ts';

/** What pruning left of the entries before the first one that is still there. */
export interface Pruned {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const NOTHING_PRUNED: Pruned = { size: 0, hashes: [] };

export function storedNodes(tables: Tables, hasher: TreeHasher, pruned: Pruned): NodeReader {
  const left: readonly TreeNode[] = coverage(0, pruned.size).map((place, at) => ({
    ...place,
    hash: pruned.hashes[at] ?? hasher.emptyRoot,
  }));
  return (level, index) => {
    const known = left.find((node) => node.level === level && node.index === index)?.hash;
    return known ?? (level >= BLOCK_LEVEL ? tables.node(level, index) : undefined) ?? fromEntries(tables, hasher, left, { level, index });
  };
}

/** The frontier of the first `size` entries. */
export function frontierAt(hasher: TreeHasher, size: number, node: NodeReader): CompactRange {
  return CompactRange.frontier(
    hasher,
    size,
    coverage(0, size).map((place) => node(place.level, place.index)),
  );
}

/** Computes a small subtree from its entries, beginning with what pruning left of it. */
function fromEntries(tables: Tables, hasher: TreeHasher, left: readonly TreeNode[], place: Omit<TreeNode, 'hash'>): Uint8Array {
  const width = 2 ** place.level;
  const range = CompactRange.empty(hasher, place.index * width);
  const end = range.begin + width;
  for (const node of left) if (node.index * 2 ** node.level === range.end && (node.index + 1) * 2 ** node.level <= end) range.push(node);
  const entries = place.level > BLOCK_LEVEL ? [] : tables.entries(range.end, end - range.end);
  for (const { seq, bytes } of entries) if (seq === range.end && seq < end) range.append(hasher.leaf(bytes));
  const [node] = range.nodes;
  if (range.end === end && node !== undefined) return node.hash;
  throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `The store does not hold entries ${range.begin} to ${end - 1}.`);
}
