/**
 * Makes room: whole epochs that the server has receipted leave the seat, oldest first, when space is needed. Owns that
 * choice; must never look at a clock (one that is years ahead would expire everything) nor touch what has no receipt.
 */
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { StoreDatabase } from './database.ts';
import { frontierAt, type Pruned, storedNodes } from './nodes.ts';
import { encodePruned } from './source.ts';
import type { Tables } from './tables.ts';

/** Pruning begins when the store is this full and goes on down to the second mark. */
export const PRUNE_ABOVE = 0.5;
const PRUNE_TO = 0.4;

export interface Space {
  /** Bytes in use, and how many the store may have. */
  readonly used: number;
  readonly capacity: number;
}

export function usedBytes(db: StoreDatabase): number {
  const pages = Number(db.pragma('page_count', { simple: true })) - Number(db.pragma('freelist_count', { simple: true }));
  return pages * Number(db.pragma('page_size', { simple: true }));
}

interface PrunedStore {
  readonly db: StoreDatabase;
  readonly tables: Tables;
}

/**
 * Removes the oldest epoch, if it is receipted; answers what is pruned now, the same as before when there is nothing to
 * do. The entry that opens the first kept epoch stays, with the closing checkpoint that certifies it.
 */
export function pruneStep({ db, tables }: PrunedStore, hasher: TreeHasher, pruned: Pruned, receipted: number): Pruned {
  const boundary = pruneBoundary(tables, pruned, receipted);
  if (boundary === undefined) return pruned;
  const frontier = frontierAt(hasher, boundary, storedNodes(tables, hasher, pruned));
  const after: Pruned = { size: boundary, hashes: frontier.nodes.map((node) => node.hash) };
  db.transaction(() => {
    tables.deleteEntriesBelow(boundary);
    tables.deleteKeptUpTo(boundary);
    tables.writeMeta('pruned', encodePruned(after));
  })();
  return after;
}

/** Whether there is any need. */
export function needsRoom(space: Space, pruning: boolean): boolean {
  return space.used / space.capacity > (pruning ? PRUNE_TO : PRUNE_ABOVE);
}

/** The place of the next epoch's entry, if the closing checkpoint that covers it lies under the receipt. */
function pruneBoundary(tables: Tables, pruned: Pruned, receipted: number): number | undefined {
  const next = tables.kept(pruned.size + 1, 1)[0];
  return next !== undefined && next.size <= receipted ? next.size - 1 : undefined;
}
