/** Staff is read once for a version, is never kept under a version that it is not of, and what is kept has a bound. */
import { expect, test } from 'vitest';
import type { Marks } from './scopes.ts';
import { openStaffCache } from './staff-cache.ts';

function source() {
  const marks: Record<string, Marks> = { icu: { everybody: 'e1', ward: 'i1' }, lab: { everybody: 'e1', ward: 'l1' } };
  const reads: string[] = [];
  const during: (() => void)[] = [];
  const marksOf = (wardId: string): Marks => marks[wardId] ?? { everybody: 'e1', ward: 'none' };
  return {
    marks: async (wardId: string) => marksOf(wardId),
    read: async (ward: string | null) => {
      reads.push(ward ?? '*');
      const text = ward === null ? '"all"' : `"${ward} ${marksOf(ward).ward}"`;
      during.shift()?.();
      return text;
    },
    reads,
    during,
    set: (wardId: string, next: Marks) => {
      marks[wardId] = next;
    },
    now: marksOf,
  };
}

test('however many ask, each scope is read once for each of its versions', async () => {
  const from = source();
  const cache = openStaffCache(from);
  const asked = await Promise.all(['icu', 'icu', 'lab', 'icu'].map((ward) => cache.staffOf(ward, from.now(ward))));
  expect(asked).toEqual(['"all","icu i1"', '"all","icu i1"', '"all","lab l1"', '"all","icu i1"']);
  expect(from.reads.toSorted()).toEqual(['*', 'icu', 'lab']);
  from.set('icu', { everybody: 'e1', ward: 'i2' });
  expect(await cache.staffOf('icu', from.now('icu'))).toBe('"all","icu i2"');
  expect(from.reads.length).toBe(4);
});

test('what changed while it was read is given to nobody and kept under no version', async () => {
  const from = source();
  const cache = openStaffCache(from);
  from.during.push(
    () => undefined,
    () => from.set('icu', { everybody: 'e1', ward: 'i2' }),
  );
  const before = from.now('icu');
  expect(await cache.staffOf('icu', before)).toBeNull();
  expect(await cache.staffOf('icu', from.now('icu'))).toBe('"all","icu i2"');
});

test('a reading that failed is tried again by the next who asks', async () => {
  const from = source();
  const cache = openStaffCache(from);
  from.during.push(() => {
    throw new TypeError('broken');
  });
  await expect(cache.staffOf('icu', from.now('icu'))).rejects.toThrow('broken');
  expect(await cache.staffOf('icu', from.now('icu'))).toBe('"all","icu i1"');
});

test('beyond its bound the longest unused goes', async () => {
  const from = source();
  const cache = openStaffCache(from, '"all""icu i1"'.length);
  for (const ward of ['icu', 'icu', 'lab', 'lab', 'icu']) await cache.staffOf(ward, from.now(ward));
  expect(from.reads).toEqual(['*', 'icu', 'lab', 'icu']);
});
