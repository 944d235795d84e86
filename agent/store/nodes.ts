/**
 * Reads subtree hashes of the stored log: those of the stored levels from the table, those between them made of these, those of less than 32
 * entries from the entries, pruned ones from the frontier that pruning left. Owns that order; checks nothing, because every use ends at a signed root.
 */
import { CompactRange, coverage, type TreeNode } from '../../core/audit/compact.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NodeReader } from '../../core/audit/merkle.ts';
import { BLOCK_LEVEL, isStoredLevel } from '../../core/audit/verify/recovering-tree.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { pagedHashes } from './hash-pages.ts';
import type { Tables } from './tables.ts';

/** What pruning left of the entries before the first one that is still there. */
export interface Pruned {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const NOTHING_PRUNED: Pruned = { size: 0, hashes: [] };

/** @param paged looks hashes up in pages; a log that stays open brings what remembers them */
export function storedNodes(tables: Tables, hasher: TreeHasher, pruned: Pruned, paged = pagedHashes(tables, hasher)): NodeReader {
  const left: readonly TreeNode[] = coverage(0, pruned.size).map((covered, at) => ({
    ...covered,
    hash: pruned.hashes[at] ?? hasher.emptyRoot,
  }));
  const read: NodeReader = (level, index) => {
    const hash =
      left.find((node) => node.level === level && node.index === index)?.hash ?? paged(level, index) ?? alone(tables, hasher, level, index);
    if (hash !== undefined) return hash;
    // Of what is stored only the lowest level is made again: above it entries by the thousand would be read for one hash.
    if (level === BLOCK_LEVEL || (level > 0 && !isStoredLevel(level)))
      return hasher.node(read(level - 1, index * 2), read(level - 1, index * 2 + 1));
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

/** What lies in no whole page, because a neighbour is damaged or pruned, is read by itself. */
function alone(tables: Tables, hasher: TreeHasher, level: number, index: number): Uint8Array | undefined {
  if (isStoredLevel(level)) return tables.node(level, index);
  const entry = level === 0 ? tables.entry(index) : undefined;
  return entry === undefined ? undefined : hasher.leaf(entry);
}
