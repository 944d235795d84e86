/**
 * Reads subtree hashes of the stored log: whole blocks of 32 from the table, smaller ones from their entries, pruned ones
 * from the frontier that pruning left. Owns that order; checks nothing, because every use ends at a signed root.
 */
import { CompactRange, coverage } from '../../core/audit/compact.ts';
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
  const left = new Map(coverage(0, pruned.size).map((place, at) => [`${place.level}/${place.index}`, pruned.hashes[at]]));
  return (level, index) => {
    const known = left.get(`${level}/${index}`) ?? (level >= BLOCK_LEVEL ? tables.node(level, index) : undefined);
    return known ?? fromEntries(tables, hasher, level, index);
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

function fromEntries(tables: Tables, hasher: TreeHasher, level: number, index: number): Uint8Array {
  const width = 2 ** level;
  const begin = index * width;
  const entries = level > BLOCK_LEVEL ? [] : tables.entries(begin, width);
  const whole = entries.length === width && entries.every((entry, at) => entry.seq === begin + at);
  if (!whole) throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `The store does not hold entries ${begin} to ${begin + width - 1}.`);
  const range = CompactRange.empty(hasher, begin);
  for (const entry of entries) range.append(hasher.leaf(entry.bytes));
  const [node] = range.nodes;
  return node?.hash ?? hasher.emptyRoot;
}
