/** A refusal whose answer is lost on its way is said again, and is never taken for a yes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOST_ITEMS, type NewsItem, type PeopleFacts } from '../../contract/people.ts';
import { enrolledSeat, type TestSeat, tellNews } from '../../test/support/telling-seats.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';

const ada = { id: 'ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'], pin: '805917' };
const ben = { ...ada, id: 'ben', badges: ['04A1B2C4'], pin: '640283' };
const code = 'SERVER_BADGE_TAKEN';

let folder: string;
let site: Site;
let seat: TestSeat;
let bensBadge: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-refused-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.staff.put([ada, ben]);
  seat = await enrolledSeat(site, '1');
  bensBadge = (await site.staff.ofWard('icu')).find(({ id }) => id === 'ben')?.badges[0] ?? '';
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** Ada wants Ben's badge, which she never gets. */
const wrong = (number: number): NewsItem => ({ number, kind: 'badge', person: 'ada', badge: bensBadge });
const tells = (...items: readonly NewsItem[]): Promise<PeopleFacts> => tellNews(site, seat, { items: [...items] });
const kept = async (): Promise<number[]> =>
  (await site.store.db.selectFrom('refused_items').select('number').orderBy('number').execute()).map(({ number }) => Number(number));

test('is said again for as long as the item is told, beside what is judged meanwhile', async () => {
  const right: NewsItem = { number: 2, kind: 'badge', person: 'ada', badge: 'a'.repeat(64) };
  expect(await tells(wrong(1))).toMatchObject({ taken: 1, refused: [{ number: 1, code }] });
  expect(await tells(wrong(1))).toMatchObject({ taken: 1, refused: [{ number: 1, code }] });
  const both = await tells(wrong(1), right, wrong(3));
  expect(both).toMatchObject({
    taken: 3,
    refused: [
      { number: 1, code },
      { number: 3, code },
    ],
  });
  expect((await tells(wrong(1), right, wrong(3))).refused).toEqual(both.refused);
});

test('is said to the seat whose item it is, not to one that gives its own the same number', async () => {
  const other = await enrolledSeat(site, '2');
  await tells(wrong(1));
  const items: NewsItem[] = [{ number: 1, kind: 'badge', person: 'ada', badge: 'a'.repeat(64) }];
  for (const _again of [1, 2]) expect((await tellNews(site, other, { items })).refused).toEqual([]);
  expect((await tells(wrong(1))).refused).toEqual([{ number: 1, code }]);
});

test('is forgotten once the seat tells of later items only, and not because it tells of none', async () => {
  await tells(wrong(1), wrong(2));
  await tells();
  expect(await kept()).toEqual([1, 2]);
  await tells(wrong(2), wrong(3));
  expect(await kept()).toEqual([2, 3]);
});

test('of a seat that makes up its numbers fills nothing', async () => {
  const upTo = (from: number): NewsItem[] => Array.from({ length: MOST_ITEMS - 1 }, (_none, at) => wrong(from + at));
  for (const from of [2, 100, 200]) await tells(wrong(1), ...upTo(from));
  expect(await kept()).toHaveLength(MOST_ITEMS);
});
