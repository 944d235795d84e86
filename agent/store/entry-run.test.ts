/** Runs are cut where their lengths say, whatever they are, and one run takes the place of the one before. */
import { expect, test } from 'vitest';
import { MAX_ENTRY_BYTES } from '../../core/audit/entry.ts';
import { kernelRandom } from '../../crypto/index.ts';
import { pageOf, runReader } from './entry-run.ts';

function joined(entries: readonly Uint8Array[]): { readonly lengths: string; readonly all: Uint8Array } {
  return { lengths: entries.map(({ length }) => length).join(','), all: new Uint8Array(Buffer.concat(entries)) };
}

test('each entry is the one of its row, in any order and with any length', () => {
  const read = runReader();
  const shapes = [[416], [416, 416, 416], [416, 329, 416, 0, 1, 736], [0], [0, 0], [MAX_ENTRY_BYTES, 5, MAX_ENTRY_BYTES + 1, 416]];
  // One that is larger than the memory kept for runs, and a short one behind it.
  shapes.push(
    Array.from({ length: 64 }, () => MAX_ENTRY_BYTES),
    Array.from({ length: 64 }, () => 416),
    [7, 9],
  );
  for (const shape of shapes) {
    const entries = shape.map((length) => kernelRandom(length));
    const { lengths, all } = joined(entries);
    const page = read(1000, lengths, all);
    expect(page?.length).toBe(shape.length);
    for (const order of [entries.keys(), [...entries.keys()].toReversed()]) {
      for (const at of order) {
        expect(page?.seq(at)).toBe(1000 + at);
        expect(Buffer.from(page?.bytes(at) ?? []).equals(entries[at] ?? Buffer.alloc(0)), `${at} of ${lengths}`).toBe(true);
      }
    }
  }
});

test('lengths that are not those of the entries make no page', () => {
  const read = runReader();
  const { all } = joined([kernelRandom(10), kernelRandom(20)]);
  for (const lengths of ['10', '10,19', '10,21', '10,20,1', '30,1']) expect(read(0, lengths, all)).toBeUndefined();
});

test('rows that came one by one are a page as well', () => {
  const page = pageOf([
    { seq: 4, bytes: Uint8Array.of(1) },
    { seq: 9, bytes: Uint8Array.of(2) },
  ]);
  expect([page.length, page.seq(0), page.seq(1)]).toEqual([2, 4, 9]);
  expect(page.bytes(1)).toEqual(Uint8Array.of(2));
  expect(() => page.bytes(2)).toThrow(RangeError);
});
