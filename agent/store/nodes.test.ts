/** Proofs of a stored log: from stored hashes of every fifth level, while it grows, of one that an earlier version wrote and of a damaged one. */
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { verifyConsistency, verifyInclusion } from '../../core/audit/merkle.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { storePaths } from './incarnation.ts';
import { NOTHING_PRUNED, storedNodes } from './nodes.ts';
import type { AuditStore } from './store.ts';
import { storeTables } from './tables.ts';

const hasher = treeHasher(nodeCrypto);
/** Two subtrees of the second stored level, and some more. */
const ENTRIES = 2_200;

let seat: StoreKit;
beforeAll(async () => {
  seat = await storeKit();
});
afterAll(() => seat.remove());

async function grow(store: AuditStore, size: number): Promise<void> {
  await Promise.all(Array.from({ length: size - store.position().size }, (_, at) => store.append(lockEvent(at))));
}

/** Leaf hashes and the root of each size, from the entries alone. */
function treeOf(store: AuditStore): { readonly leaves: readonly Uint8Array[]; readonly roots: readonly Uint8Array[] } {
  const range = CompactRange.empty(hasher);
  const leaves: Uint8Array[] = [];
  const roots = [range.root()];
  while (leaves.length < store.position().size) {
    for (const entry of store.readFrom(leaves.length, { maxBytes: 1024 * 1024, maxEntries: 512 }).entries) {
      leaves.push(hasher.leaf(entry));
      range.append(hasher.leaf(entry));
      roots.push(range.root());
    }
  }
  return { leaves, roots };
}

function provesAll(store: AuditStore): void {
  const { leaves, roots } = treeOf(store);
  const size = leaves.length;
  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (found === undefined) throw new RangeError('no such place');
    return found;
  };
  expect(parseCheckpoint(store.checkpoint()).checkpoint.root).toEqual(roots[size]);
  for (let index = 0; index < size; index += 37) {
    const proof = store.inclusion(index, size);
    expect(verifyInclusion(hasher, { leafHash: at(leaves, index), index, size, root: at(roots, size) }, proof), `entry ${index}`).toBe(
      true,
    );
    const claim = { oldSize: index + 1, size, oldRoot: at(roots, index + 1), root: at(roots, size) };
    expect(verifyConsistency(hasher, claim, store.consistency(index + 1, size)), `size ${index + 1}`).toBe(true);
  }
}

test('every proof holds while the log grows beyond what was read of it before', async () => {
  const store = await seat.open();
  for (const size of [31, 33, 1_000, 1_025, ENTRIES]) {
    await grow(store, size);
    provesAll(store);
  }
  await store.close();
  const db = new Database(storePaths(seat.storeDir).db, { readonly: true });
  const levels = db.prepare('SELECT DISTINCT level FROM node WHERE level >= 5 ORDER BY level').pluck().all();
  db.close();
  expect(levels).toEqual([5, 10]);
});

test('a store of an earlier version, with hashes of every level, proves the same and goes on', async () => {
  const range = CompactRange.empty(hasher);
  const reader = await seat.open();
  const { leaves } = treeOf(reader);
  await reader.close();
  const db = new Database(storePaths(seat.storeDir).db);
  const insert = db.prepare('INSERT OR REPLACE INTO node (level, idx, hash) VALUES (?, ?, ?)');
  db.transaction(() => {
    for (const leaf of leaves) range.append(leaf, ({ level, index, hash }) => void insert.run(level, index, hash), 5);
  })();
  db.close();
  const store = await seat.open();
  expect(store.findings).toEqual([]);
  await grow(store, ENTRIES + 100);
  provesAll(store);
  await store.close();
});

test('where a neighbour is missing or spoiled each hash is read by itself, and what cannot be made is refused', async () => {
  const store = await seat.open();
  const { leaves } = treeOf(store);
  await store.close();
  const db = new Database(storePaths(seat.storeDir).db);
  const subtree = (level: number, index: number): Uint8Array => {
    const range = CompactRange.empty(hasher);
    for (const leaf of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) range.append(leaf);
    return range.root();
  };
  // Each time with nothing remembered.
  const node = (level: number, index: number) => new Uint8Array(storedNodes(storeTables(db), hasher, NOTHING_PRUNED)(level, index));
  db.exec('DELETE FROM node WHERE level = 5 AND idx IN (0, 35); DELETE FROM entry WHERE seq = 70');
  for (const [level, index] of [
    [5, 0],
    [5, 31],
    [6, 0],
    [8, 4],
    [10, 1],
    [11, 0],
    [0, 69],
    [1, 36],
    [4, 5],
    [5, 2],
  ] as const)
    expect(node(level, index), `level ${level}, ${index}`).toEqual(subtree(level, index));
  expect(() => node(0, 70)).toThrow('entries 70 to 70');
  expect(() => node(3, 8)).toThrow('entries 70 to 70');
  expect(() => node(10, 3)).toThrow('does not hold');
  db.exec("UPDATE node SET hash = x'00' WHERE level = 5 AND idx = 9");
  expect(node(5, 8)).toEqual(subtree(5, 8));
  expect(() => node(6, 4)).toThrow('not 32 bytes');
  db.exec("UPDATE node SET hash = 'text' WHERE level = 5 AND idx = 9");
  expect(() => node(6, 4)).toThrow('never writes');
  db.close();
});
