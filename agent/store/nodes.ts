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

export function storedNodes(tables: Tables, hasher: TreeHasher, pruned: Pruned): NodeReader {
  const left: readonly TreeNode[] = coverage(0, pruned.size).map((covered, at) => ({
    ...covered,
    hash: pruned.hashes[at] ?? hasher.emptyRoot,
  }));
  const blocks = new Map<number, ReadonlyMap<string, Uint8Array>>();
  const blockOf = (block: number): ReadonlyMap<string, Uint8Array> => {
    const known = blocks.get(block) ?? subtreesOf(tables, hasher, left, block);
    blocks.set(block, known);
    return known;
  };
  return (level, index) => {
    const known = left.find((node) => node.level === level && node.index === index)?.hash;
    const hash =
      known ??
      (level >= BLOCK_LEVEL ? tables.node(level, index) : undefined) ??
      (level > BLOCK_LEVEL ? undefined : blockOf(Math.floor((index * 2 ** level) / BLOCK_LEAVES)).get(place(level, index)));
    if (hash !== undefined) return hash;
    const begin = index * 2 ** level;
    throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `The store does not hold entries ${begin} to ${begin + 2 ** level - 1}.`);
  };
}

/** The frontier of the first `size` entries. */
export function frontierAt(hasher: TreeHasher, size: number, node: NodeReader): CompactRange {
  return CompactRange.frontier(
    hasher,
    size,
    coverage(0, size).map(({ level, index }) => node(level, index)),
  );
}

/**
 * The complete subtrees inside one block, from its entries read at once, beginning with what pruning left of them. A proof
 * needs up to five of the same block, so a reader of nodes keeps them; it lives for one proof.
 */
function subtreesOf(tables: Tables, hasher: TreeHasher, left: readonly TreeNode[], block: number): ReadonlyMap<string, Uint8Array> {
  const subtrees = new Map<string, Uint8Array>();
  const keep = (node: TreeNode): void => void subtrees.set(place(node.level, node.index), node.hash);
  const begin = block * BLOCK_LEAVES;
  const range = CompactRange.empty(hasher, begin);
  for (const node of left)
    if (node.index * 2 ** node.level === range.end && (node.index + 1) * 2 ** node.level <= begin + BLOCK_LEAVES) range.push(node, keep);
  for (const { seq, bytes } of tables.entries(range.end, begin + BLOCK_LEAVES - range.end)) {
    if (seq !== range.end || seq >= begin + BLOCK_LEAVES) break;
    const leaf = { level: 0, index: seq, hash: hasher.leaf(bytes) };
    keep(leaf);
    range.push(leaf, keep);
  }
  return subtrees;
}

function place(level: number, index: number): string {
  return `${level}/${index}`;
}
