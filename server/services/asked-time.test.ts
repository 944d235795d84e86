/** Who swaps two dates must not read that nothing happened. */
import { expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import { openSearch } from './search.ts';
import { openStories } from './stories.ts';

test('events and sessions of a time that ends before it begins are refused, and of one that is a moment are not', async () => {
  const { db, close } = await testStore();
  const [earlier, later] = ['2030-03-01T02:00:00.000Z', '2030-03-01T03:00:00.000Z'];
  for (const { find } of [openSearch(db), openStories(db)]) {
    await expect(find({ from: later, to: earlier })).rejects.toMatchObject({ code: 'SERVER_REQUEST_MALFORMED' });
    expect(await find({ from: later, to: later })).toMatchObject({ next: null });
  }
  await close();
});
