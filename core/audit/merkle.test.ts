import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { equalBytes } from './bytes.ts';
import { CompactRange, type TreeNode } from './compact.ts';
import { treeHasher } from './hasher.ts';
import { consistencyProof, inclusionProof, type NodeReader, subtreeHash, verifyConsistency, verifyInclusion } from './merkle.ts';

const hasher = treeHasher(nodeCrypto);

/** Leaves of a tree, its roots at every size, and a reader of its complete subtrees. */
function tree(size: number) {
  const nodes = new Map<string, Uint8Array>();
  const range = CompactRange.empty(hasher);
  const leaves: Uint8Array[] = [];
  const roots = [hasher.emptyRoot];
  const keep = (node: TreeNode): void => void nodes.set(`${node.level}/${node.index}`, node.hash);
  for (let at = 0; at < size; at += 1) {
    const leaf = Uint8Array.from(hasher.leaf(Uint8Array.of(at & 0xff, at >>> 8)));
    leaves.push(leaf);
    keep({ level: 0, index: at, hash: leaf });
    range.append(leaf, keep);
    roots.push(range.root());
  }
  const node: NodeReader = (level, index) => {
    const hash = nodes.get(`${level}/${index}`);
    if (hash === undefined) throw new RangeError(`no node ${level}/${index}`);
    return hash;
  };
  return { leaves, roots, node };
}

const SIZE = 70;
const whole = tree(SIZE);
const rootOf = (size: number): Uint8Array => whole.roots[size] ?? hasher.emptyRoot;
const leafOf = (index: number): Uint8Array => whole.leaves[index] ?? hasher.emptyRoot;

test('the recursive definition of RFC 6962 section 2.1 gives the same roots', () => {
  const mth = (from: number, to: number): Uint8Array => {
    if (to - from === 1) return leafOf(from);
    let split = 1;
    while (split * 2 < to - from) split *= 2;
    return hasher.node(mth(from, from + split), mth(from + split, to));
  };
  for (let size = 1; size <= SIZE; size += 1) expect(equalBytes(rootOf(size), mth(0, size))).toBe(true);
});

test('every inclusion proof verifies, and no other index, size or altered proof does', () => {
  for (let size = 1; size <= SIZE; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const proof = inclusionProof(hasher, index, size, whole.node);
      const claim = { leafHash: leafOf(index), index, size, root: rootOf(size) };
      expect(verifyInclusion(hasher, claim, proof)).toBe(true);
      expect(verifyInclusion(hasher, { ...claim, index: (index + 1) % size }, proof)).toBe(size === 1);
      expect(verifyInclusion(hasher, claim, [...proof, leafOf(0)])).toBe(false);
      if (proof.length > 0) expect(verifyInclusion(hasher, claim, proof.slice(1))).toBe(false);
    }
  }
});

test('every consistency proof verifies, and none leads from another root', () => {
  for (let size = 0; size <= SIZE; size += 1) {
    for (let oldSize = 0; oldSize <= size; oldSize += 1) {
      const proof = consistencyProof(hasher, oldSize, size, whole.node);
      const claim = { oldSize, size, oldRoot: rootOf(oldSize), root: rootOf(size) };
      expect(verifyConsistency(hasher, claim, proof)).toBe(true);
      expect(verifyConsistency(hasher, { ...claim, oldRoot: leafOf(0) }, proof)).toBe(oldSize === 1);
      if (proof.length > 0) expect(verifyConsistency(hasher, claim, proof.slice(0, -1))).toBe(false);
      if (oldSize > 0 && oldSize < size) expect(verifyConsistency(hasher, claim, [...proof, leafOf(0)])).toBe(false);
    }
  }
});

test('hashes of another length prove nothing, and neither does a proof that ends before it begins', () => {
  const short = new Uint8Array(31);
  const inclusion = inclusionProof(hasher, 3, 7, whole.node);
  expect(verifyInclusion(hasher, { leafHash: leafOf(3), index: 3, size: 7, root: rootOf(7) }, [...inclusion.slice(1), short])).toBe(false);
  const claim = { oldSize: 3, size: 7, oldRoot: rootOf(3), root: rootOf(7) };
  expect(verifyConsistency(hasher, claim, [short])).toBe(false);
  expect(verifyConsistency(hasher, claim, [])).toBe(false);
});

test('the hash over no leaf is that of the empty tree', () => {
  expect(subtreeHash(hasher, 0, 0, whole.node)).toEqual(hasher.emptyRoot);
});

test('a subtree that was computed by itself joins the range before it, wherever it may stand', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: SIZE }), (level, block) => {
      const width = 2 ** level;
      const begin = (block % Math.floor(SIZE / width)) * width;
      const left = CompactRange.empty(hasher);
      for (let at = 0; at < begin; at += 1) left.append(leafOf(at));
      const right = CompactRange.empty(hasher, begin);
      for (let at = begin; at < begin + width; at += 1) right.append(leafOf(at));
      const copy = left.copy();
      for (const node of right.nodes) copy.push(node);
      expect(right.nodes).toMatchObject([{ level, index: begin / width }]);
      expect(equalBytes(copy.root(), rootOf(begin + width))).toBe(true);
      expect(equalBytes(left.root(), rootOf(begin))).toBe(true);
      right.restart(begin);
      right.append(leafOf(begin));
      expect(right.nodes).toEqual([{ level: 0, index: begin, hash: leafOf(begin) }]);
    }),
  );
});

test('copies of a range and copies of those go on with leaves of their own, and none sees those of another', () => {
  const step = fc.record({ of: fc.nat(), copies: fc.boolean(), leaves: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ranges = [{ range: CompactRange.empty(hasher), leaves: [] as Uint8Array[] }];
      let next = 0;
      for (const { of, copies, leaves } of steps) {
        let one = ranges[of % ranges.length];
        if (one === undefined) throw new RangeError('there is always a range');
        if (copies) {
          one = { range: one.range.copy(), leaves: [...one.leaves] };
          ranges.push(one);
        }
        for (let left = leaves; left > 0; left -= 1) {
          next += 1;
          const leaf = hasher.leaf(Uint8Array.of(next & 0xff, next >>> 8));
          one.range.append(leaf);
          one.leaves.push(leaf);
        }
      }
      for (const { range, leaves } of ranges) {
        const alone = CompactRange.empty(hasher);
        for (const leaf of leaves) alone.append(leaf);
        expect(range.nodes).toEqual(alone.nodes);
        expect(range.root()).toEqual(alone.root());
      }
    }),
  );
});

test('a range tells of the subtrees from a level on that its leaves complete', () => {
  const range = CompactRange.empty(hasher);
  const told: string[] = [];
  for (let at = 0; at < 8; at += 1) range.append(leafOf(at), ({ level, index }) => void told.push(`${level}/${index}`), 2);
  expect(told).toEqual(['2/0', '2/1', '3/0']);
});

test('a frontier that was stored goes on where it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: SIZE - 1 }), (size) => {
      const range = CompactRange.empty(hasher);
      for (let at = 0; at < size; at += 1) range.append(leafOf(at));
      const again = CompactRange.frontier(
        hasher,
        size,
        range.nodes.map((node) => node.hash),
      );
      again.append(leafOf(size));
      expect(equalBytes(again.root(), rootOf(size + 1))).toBe(true);
    }),
  );
});

test.each([
  ['a frontier with a hash too few', () => CompactRange.frontier(hasher, 3, [leafOf(0)])],
  ['a frontier with a short hash', () => CompactRange.frontier(hasher, 1, [Uint8Array.of(1)])],
  ['a subtree out of place', () => CompactRange.empty(hasher, 4).push({ level: 1, index: 0, hash: leafOf(0) })],
  ['a frontier with a hash too many', () => CompactRange.frontier(hasher, 2, [leafOf(0), leafOf(1)])],
  [
    'a leaf beyond the subtree that a range lies in',
    () => {
      const range = CompactRange.empty(hasher, 5);
      range.append(leafOf(5));
      range.append(leafOf(6));
    },
  ],
  ['the root of a range that does not start at 0', () => CompactRange.empty(hasher, 4).root()],
  ['a node of short hashes', () => hasher.node(Uint8Array.of(1), leafOf(0))],
])('%s is refused with a code', (_what, attempt) => {
  expect(attempt).toThrow(expect.objectContaining({ code: 'AUDIT_PROOF_MALFORMED' }));
});

test('a leaf larger than the scratch memory hashes as any other', () => {
  const large = new Uint8Array(100_000).fill(3);
  const prefixed = new Uint8Array(large.length + 1);
  prefixed.set(large, 1);
  expect(equalBytes(hasher.leaf(large), nodeCrypto.sha256(prefixed))).toBe(true);
  expect(equalBytes(hasher.leaf(Uint8Array.of(1)), nodeCrypto.sha256(Uint8Array.of(0, 1)))).toBe(true);
});

test.each([
  { oldSize: -1, size: 3 },
  { oldSize: 4, size: 3 },
  { oldSize: 0.5, size: 3 },
])('sizes $oldSize and $size have no consistency', ({ oldSize, size }) => {
  expect(verifyConsistency(hasher, { oldSize, size, oldRoot: rootOf(1), root: rootOf(3) }, [])).toBe(false);
});

test('an index beyond the size has no inclusion', () => {
  expect(verifyInclusion(hasher, { leafHash: leafOf(0), index: 3, size: 3, root: rootOf(3) }, [])).toBe(false);
});
