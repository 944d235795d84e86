/**
 * Hashes of the stored tree in pages: 32 neighbours of a stored level, or the leaves of a block, are read in one piece, and every hash above
 * them that they complete is made once, in the same memory. Owns that layout and what is remembered; must never give a hash that its
 * neighbours do not lead to.
 */
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { BLOCK_LEAVES, BLOCK_LEVEL } from '../../core/audit/verify/recovering-tree.ts';
import type { EntryPage } from '../../core/audit/verify/source.ts';
import { type RunReader, runReader } from './entry-run.ts';
import type { Tables } from './tables.ts';

/** Neighbours of a page: those below one subtree of the next stored level. */
const PAGE_HASHES = BLOCK_LEAVES;
/** So many pages of stored hashes are remembered, of 2 KiB each: those of a log of a million entries. */
const MAX_STORED = 1024;
/** And the leaves of few blocks only; the one that the log ends in is part of every proof. */
const MAX_BLOCKS = 4;
const PAIR_BYTES = 2 * HASH_BYTES;

/** The hash of a complete subtree, or `undefined` where what it is made of does not lie in one piece. */
export type HashLookup = (level: number, index: number) => Uint8Array | undefined;

/** Looks hashes up and remembers their pages: a hash never changes once written. */
export function pagedHashes(tables: Tables, hasher: TreeHasher): HashLookup {
  const stored = new Map<string, HashPage>();
  const blocks = new Map<string, HashPage>();
  const leaves = leafReader(tables, hasher);
  return (level, index) => {
    const height = level % BLOCK_LEVEL;
    const base = level - height;
    const at = index % (PAGE_HASHES / 2 ** height);
    const begin = (index - at) * 2 ** height;
    const place = `${base}/${begin}`;
    const pages = base === 0 ? blocks : stored;
    const known = pages.get(place)?.hash(height, at);
    if (known !== undefined) return known;
    // Not there yet when the page was read, perhaps.
    const neighbours = base === 0 ? leaves(begin) : tables.nodeRun(base, begin, PAGE_HASHES);
    if (neighbours === undefined) return undefined;
    const page = new HashPage(hasher, neighbours);
    const [oldest] = pages.keys();
    if (oldest !== undefined && pages.size >= (base === 0 ? MAX_BLOCKS : MAX_STORED)) pages.delete(oldest);
    pages.set(place, page);
    return page.hash(height, at);
  };
}

class HashPage {
  /** The neighbours, then the row above them, and so on. */
  readonly #memory = new Uint8Array(placeOf(BLOCK_LEVEL, 1));
  readonly #count: number;

  /** @param neighbours hashes one behind another, from the page's left edge on */
  constructor(hasher: TreeHasher, neighbours: Uint8Array) {
    this.#count = neighbours.length / HASH_BYTES;
    this.#memory.set(neighbours);
    for (let height = 1; height <= BLOCK_LEVEL; height += 1)
      for (let index = 0; this.#has(height, index); index += 1) {
        const children = placeOf(height - 1, index * 2);
        hasher.nodeInto(this.#memory.subarray(children, children + PAIR_BYTES), this.#memory, placeOf(height, index));
      }
  }

  /** The hash at `height` above the neighbours; `undefined` where they do not complete it. */
  hash(height: number, index: number): Uint8Array | undefined {
    const at = placeOf(height, index);
    return this.#has(height, index) ? this.#memory.slice(at, at + HASH_BYTES) : undefined;
  }

  #has(height: number, index: number): boolean {
    return (index + 1) * 2 ** height <= this.#count;
  }
}

/** Where a hash lies in a page: the rows below its own take the room of twice the neighbours less twice its own row. */
function placeOf(height: number, index: number): number {
  return (2 * PAGE_HASHES - 2 ** (BLOCK_LEVEL + 1 - height) + index) * HASH_BYTES;
}

/** The leaf hashes of the block that begins there, as many as there are. */
function leafReader(tables: Tables, hasher: TreeHasher): (begin: number) => Uint8Array | undefined {
  let cut: RunReader | undefined;
  return (begin) => {
    cut ??= runReader();
    const entries = tables.run(begin, BLOCK_LEAVES, cut) ?? lastRun(tables, begin, cut);
    if (entries === undefined) return undefined;
    const leaves = new Uint8Array(entries.length * HASH_BYTES);
    for (let at = 0; at < entries.length; at += 1) hasher.leafInto(entries.bytes(at), leaves, at * HASH_BYTES);
    return leaves;
  };
}

/** The entries of the block that the log ends in, if that is the one. */
function lastRun(tables: Tables, begin: number, cut: RunReader): EntryPage | undefined {
  const count = (tables.bounds().last ?? -1) - begin + 1;
  return count > 0 && count < BLOCK_LEAVES ? tables.run(begin, count, cut) : undefined;
}
