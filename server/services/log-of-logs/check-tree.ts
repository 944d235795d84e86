/**
 * Checks one log of logs from its entries up: each tile, the checkpoint's signature, size and root, and a checkpoint that was
 * kept elsewhere. It reads in pieces and keeps one tile of each level.
 */
import type { Kysely } from 'kysely';
import {
  CompactRange,
  type NoteVerifier,
  parseCheckpoint,
  type SignedCheckpoint,
  type TreeHasher,
  toHex,
  verifyNote,
} from '../../../core/audit/index.ts';
import { TILE_HEIGHT, TILE_WIDTH } from '../../../core/audit/tiles.ts';
import type { Tables } from '../../store/schema.ts';
import { type LogRow, readLogEntries, readTile } from './store.ts';

const CHUNK = 512;

export interface TreeToCheck {
  readonly db: Kysely<Tables>;
  readonly hasher: TreeHasher;
  readonly log: LogRow;
  readonly key: NoteVerifier;
  /** A checkpoint of this very log that somebody outside has kept. */
  readonly outside: SignedCheckpoint | null;
  readonly onEntry: (entry: Uint8Array, seq: number) => void;
  readonly onFault: (fault: string) => void;
}

/** Answers how many entries there are, and whether the checkpoint from outside is one of this log's. */
export async function checkTree(tree: TreeToCheck): Promise<{ readonly entries: number; readonly found: boolean }> {
  const { db, hasher, log, key, outside, onEntry, onFault } = tree;
  const range = CompactRange.empty(hasher);
  const open = new Map<number, Uint8Array[]>();
  const compare = async (level: number, tile: number): Promise<void> => {
    const stored = await readTile(db, { log: log.number, level, tile });
    if (stored === null || !stored.equals(Buffer.concat(open.get(level) ?? []))) onFault(`Tile ${level}/${tile} does not fit the entries.`);
    open.set(level, []);
  };
  const full: { level: number; tile: number }[] = [];
  let found = outside !== null && outside.checkpoint.size === 0;
  for (let from = 0; from < log.size; from += CHUNK) {
    const entries = await readLogEntries(db, log.number, { from, to: Math.min(from + CHUNK, log.size) });
    for (const entry of entries) {
      const leaf = hasher.leaf(entry);
      onEntry(entry, range.end);
      const put = (level: number, index: number, hash: Uint8Array): void => {
        open.set(level, [...(open.get(level) ?? []), hash]);
        if ((index + 1) % TILE_WIDTH === 0) full.push({ level, tile: Math.floor(index / TILE_WIDTH) });
      };
      put(0, range.end, leaf);
      range.append(leaf, ({ level, index, hash }) => {
        if (level % TILE_HEIGHT === 0) put(level / TILE_HEIGHT, index, hash);
      });
      for (const { level, tile } of full.splice(0)) await compare(level, tile);
      if (outside?.checkpoint.size === range.end) {
        found = verifyNote(outside.note, key) && toHex(range.root()) === toHex(outside.checkpoint.root);
      }
    }
  }
  for (const [level, hashes] of open) {
    if (hashes.length > 0) await compare(level, Math.floor(range.end / TILE_WIDTH ** (level + 1)));
  }
  if (log.note !== '') {
    const { checkpoint, note } = parseCheckpoint(log.note);
    const fits = verifyNote(note, key) && checkpoint.size === range.end && toHex(checkpoint.root) === toHex(range.root());
    if (!fits) onFault(`The checkpoint over ${checkpoint.size} entries does not fit the ${range.end} that are stored.`);
  }
  return { entries: range.end, found };
}
