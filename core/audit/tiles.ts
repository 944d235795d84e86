/**
 * C2SP tlog-tiles: paths, widths and bundles of a log that other people's tools read. Owns those forms; where tiles are kept
 * and who may read them is the server's business.
 */
import { WardlockError } from '../errors/index.ts';
import { concat, HASH_BYTES } from './bytes.ts';
import { CompactRange } from './compact.ts';
import type { TreeHasher } from './hasher.ts';
import type { NodeReader } from './merkle.ts';

/** Hashes of a full tile; a tile is a subtree of this height. */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;
/** Longest entry of a bundle, in bytes: its length is a uint16. */
export const MAX_BUNDLE_ENTRY_BYTES = 65_535;

const MAX_LEVEL = 63;
const LENGTH_BYTES = 2;
const ENTRIES = 'entries';
const INDEX = /^(?:x\d{3}\/)*\d{3}$/;
const LEVEL = /^(?:0|[1-9]\d?)$/;
const PARTIAL = /^(.*)\.p\/([1-9]\d{0,2})$/;

/** A tile, or the part of it that a smaller tree has. */
export interface TileName {
  /** 0 holds leaf hashes; `entries` is the bundle of the same leaves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

/** What follows `<prefix>/tile/`, or `undefined` where it is no path of the specification. */
export function parseTilePath(path: string): TileName | undefined {
  const partial = PARTIAL.exec(path);
  const width = partial === null ? TILE_WIDTH : Number(partial[2]);
  const [levelText = '', ...parts] = (partial?.[1] ?? path).split('/');
  const indexText = parts.join('/');
  const level = levelText === ENTRIES ? ENTRIES : Number(levelText);
  if (partial !== null && width >= TILE_WIDTH) return undefined;
  if (level !== ENTRIES && (!LEVEL.test(levelText) || level > MAX_LEVEL)) return undefined;
  if (!INDEX.test(indexText) || (indexText.length > 3 && indexText.startsWith('x000'))) return undefined;
  const index = Number(indexText.replaceAll(/[x/]/g, ''));
  return Number.isSafeInteger(index) ? { level, index, width } : undefined;
}

/** The path after `<prefix>/tile/`. */
export function formatTilePath({ level, index, width }: TileName): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = Array.from({ length: padded.length / 3 }, (_, at) => padded.slice(at * 3, at * 3 + 3));
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** How many hashes the tile has in a tree of `size` leaves; 0 where there is none. */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** (level === ENTRIES ? 0 : level));
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** Entries as a bundle: each as its length, uint16 big-endian, and its bytes. @throws WardlockError AUDIT_INPUT_MALFORMED */
export function packBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_BUNDLE_ENTRY_BYTES) {
        throw new WardlockError('AUDIT_INPUT_MALFORMED', `An entry of a tiled log has at most ${MAX_BUNDLE_ENTRY_BYTES} bytes.`);
      }
      const length = new Uint8Array(LENGTH_BYTES);
      new DataView(length.buffer).setUint16(0, entry.length);
      return [length, entry];
    }),
  );
}

/** Reads a hash of a tile: the tile's level and index, and the place in it. Throws when it is not there. */
export type TileHashReader = (level: number, index: number, at: number) => Uint8Array;

/** Complete subtrees of any height from the hashes that tiles hold: those between two tile levels are hashed together. */
export function tileNodes(hasher: TreeHasher, read: TileHashReader): NodeReader {
  return (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const range = CompactRange.empty(hasher);
    for (let leaf = index * width; leaf < (index + 1) * width; leaf += 1) {
      range.append(checked(read(tileLevel, Math.floor(leaf / TILE_WIDTH), leaf % TILE_WIDTH)));
    }
    return range.root();
  };
}

/** The tiles that `work` asks hashes of, found without having them: the shape of a proof does not depend on its hashes. */
export function tilesNeeded(hasher: TreeHasher, work: (node: NodeReader) => unknown): readonly { level: number; index: number }[] {
  const needed = new Map<string, { level: number; index: number }>();
  const noted = new Uint8Array(HASH_BYTES);
  work(
    tileNodes(hasher, (level, index) => {
      needed.set(`${level}/${index}`, { level, index });
      return noted;
    }),
  );
  return [...needed.values()];
}

function checked(hash: Uint8Array): Uint8Array {
  if (hash.length !== HASH_BYTES) throw new WardlockError('AUDIT_PROOF_MALFORMED', 'A tile has a hash that is not 32 bytes.');
  return hash;
}
