/**
 * Reads subtree hashes of the stored log: those of the stored levels from the table, those between them made of these, those of less than 32
 * entries from the entries, pruned ones from the frontier that pruning left. Owns that order; checks nothing, because every use ends at a signed root.
 */
import { CompactRange, coverage, type TreeNode } from '../../core/audit/compact.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NodeReader } from '../../core/audit/merkle.ts';
import { BLOCK_LEAVES, BLOCK_LEVEL, isStoredLevel } from '../../core/audit/verify/recovering-tree.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from './tables.ts';

/** What pruning left of the entries before the first one that is still there. */
export interface Pruned {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const NOTHING_PRUNED: Pruned = { size: 0, hashes: [] };

/** Stored hashes are read so many at once, those below one stored subtree of the next level, and so many such pages are remembered. */
const PAGE_NODES = 2 ** BLOCK_LEVEL;
const MAX_PAGES = 512;

type NodeLookup = Tables['node'];

/** Looks stored hashes up in pages and remembers them: a hash never changes once written. */
export function pagedNodes(tables: Tables): NodeLookup {
  const pages = new Map<string, ReadonlyMap<number, Uint8Array>>();
  return (level, index) => {
    const begin = index - (index % PAGE_NODES);
    const place = `${level}/${begin}`;
    const known = pages.get(place)?.get(index);
    if (known !== undefined) return known;
    // Not there yet when the page was read, perhaps.
    const page = new Map(tables.nodes(level, begin, PAGE_NODES));
    if (pages.size >= MAX_PAGES) pages.clear();
    pages.set(place, page);
    return page.get(index);
  };
}

/** @param stored looks stored hashes up; a log that stays open brings one that remembers them */
export function storedNodes(tables: Tables, hasher: TreeHasher, pruned: Pruned, stored: NodeLookup = pagedNodes(tables)): NodeReader {
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
      (isStoredLevel(level) ? stored(level, index) : undefined) ??
      (level === 0 ? leaf(index) : undefined);
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

/** The leaf hashes of one block, at their places; a proof needs most of them, so they are read at once. */
function leavesOf(tables: Tables, hasher: TreeHasher, block: number): readonly Uint8Array[] {
  const begin = block * BLOCK_LEAVES;
  const leaves: Uint8Array[] = [];
  for (const { seq, bytes } of tables.entries(begin, BLOCK_LEAVES))
    if (seq < begin + BLOCK_LEAVES) leaves[seq - begin] = hasher.leaf(bytes);
  return leaves;
}
