import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { VECTORS_NEEDED, vectorBytes, vectorsPresent, vectorText } from '../../test/audit/vectors.ts';
import { readCheckpoint, readWholeLog } from '../../test/support/tile-client.ts';
import { CompactRange } from './compact.ts';
import { treeHasher } from './hasher.ts';
import { consistencyProof, inclusionProof, subtreeHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import { formatTilePath, packBundle, parseTilePath, tileNodes, tilesNeeded, tileWidth } from './tiles.ts';

const hasher = treeHasher(nodeCrypto);

test('paths are those of the specification, both ways, and nothing else is one', () => {
  expect(formatTilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('0/x001/x234/067');
  expect(formatTilePath({ level: 'entries', index: 0, width: 7 })).toBe('entries/000.p/7');
  for (const name of [
    { level: 0, index: 0, width: 256 },
    { level: 63, index: 999, width: 255 },
    { level: 'entries' as const, index: 1000, width: 1 },
    { level: 2, index: 1_234_067, width: 256 },
  ]) {
    expect(parseTilePath(formatTilePath(name))).toEqual(name);
  }
  for (const wrong of [
    '',
    '0',
    '0/',
    '00/000',
    '01/000',
    '64/000',
    '-1/000',
    '0/00',
    '0/0000',
    '0/x000',
    '0/x000/001',
    '0/001/002',
    '0/000.p/0',
    '0/000.p/256',
    '0/000.p/01',
    '0/000.p/',
    '0/000.p/5/x',
    'entries',
    'data/000',
    '0/../000',
    '0/x999/x999/x999/x999/x999/x999/999',
  ]) {
    expect(parseTilePath(wrong), wrong).toBeUndefined();
  }
});

test('a tree of 70,000 has the tiles that the specification counts', () => {
  expect([tileWidth(0, 272, 70_000), tileWidth(0, 273, 70_000), tileWidth(0, 274, 70_000)]).toEqual([256, 112, 0]);
  expect([tileWidth(1, 0, 70_000), tileWidth(1, 1, 70_000), tileWidth(2, 0, 70_000), tileWidth(3, 0, 70_000)]).toEqual([256, 17, 1, 0]);
  expect([tileWidth(0, 0, 256), tileWidth(1, 0, 256), tileWidth('entries', 1, 300)]).toEqual([256, 1, 44]);
});

test('proofs from tiles verify, and need few tiles', () => {
  const leaves = Array.from({ length: 700 }, (_, at) => hasher.leaf(Buffer.from(`entry ${at}`)));
  const levels: Uint8Array[][] = [leaves, []];
  const range = CompactRange.empty(hasher);
  for (const leaf of leaves)
    range.append(leaf, ({ level, hash }) => {
      if (level === 8) levels[1]?.push(hash);
    });
  const node = tileNodes(hasher, (level, index, at) => levels[level]?.[index * 256 + at] ?? new Uint8Array());
  const root = range.root();
  expect(subtreeHash(hasher, 0, 700, node)).toEqual(root);
  for (const index of [0, 255, 256, 511, 699]) {
    const claim = { leafHash: leaves[index] ?? root, index, size: 700, root };
    expect(verifyInclusion(hasher, claim, inclusionProof(hasher, index, 700, node))).toBe(true);
  }
  for (const oldSize of [1, 255, 256, 300, 512, 699]) {
    const oldRoot = subtreeHash(hasher, 0, oldSize, node);
    expect(verifyConsistency(hasher, { oldSize, oldRoot, size: 700, root }, consistencyProof(hasher, oldSize, 700, node))).toBe(true);
  }
  expect(tilesNeeded(hasher, (needed) => inclusionProof(hasher, 3, 700, needed)).length).toBeLessThan(4);
  expect(() => tileNodes(hasher, () => new Uint8Array(31))(0, 0)).toThrow('32 bytes');
});

test('an entry that is too long for a bundle is refused', () => {
  expect(packBundle([Buffer.from('ab'), new Uint8Array()])).toEqual(Uint8Array.of(0, 2, 97, 98, 0, 0));
  expect(() => packBundle([new Uint8Array(65_536)])).toThrow('65535');
});

test.skipIf(!vectorsPresent)(`a log of another implementation, bundles and tiles byte for byte ${VECTORS_NEEDED}`, async () => {
  const key = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
  const read = async (path: string): Promise<Buffer> => Buffer.from(vectorBytes(`tessera/log/${path}`));
  for (let size = 0; size <= 15; size += 1) {
    const checkpoint = readCheckpoint(vectorText(`tessera/log/checkpoint.${size}`), key);
    expect(checkpoint.size).toBe(size);
    const entries = await readWholeLog(read, checkpoint);
    const range = CompactRange.empty(hasher);
    for (const entry of entries) range.append(hasher.leaf(entry));
    expect(Buffer.from(range.root())).toEqual(checkpoint.root);
    const bundle = formatTilePath({ level: 'entries', index: 0, width: size });
    if (size > 0) expect(Buffer.from(packBundle(entries))).toEqual(await read(`tile/${bundle}`));
  }
});
