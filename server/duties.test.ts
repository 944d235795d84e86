import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openAnnouncing } from './duties.ts';
import { openChanges } from './services/changes.ts';
import { openStore } from './store/open.ts';

const INTERVAL_MS = 250;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** An announcement that the database answers when it is told to. */
function slowAnnouncements() {
  const answers: (() => void)[] = [];
  const announce = (): Promise<void> => new Promise((answer) => void answers.push(answer));
  return { answers, announce };
}

/** Whether it has ended when everything that is ready has run. */
async function hasEnded(work: Promise<unknown>): Promise<boolean> {
  let ended = false;
  void work.then(() => {
    ended = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return ended;
}

test('an announcement that is on its way holds the end of the process up, so that the database is still there for it', async () => {
  const { answers, announce } = slowAnnouncements();
  const announcing = openAnnouncing(INTERVAL_MS, announce, () => undefined);
  announcing.soon();
  announcing.soon();
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  expect(answers).toHaveLength(1);
  const closing = announcing.close();
  expect(await hasEnded(closing)).toBe(false);
  answers[0]?.();
  expect(await hasEnded(closing)).toBe(true);
});

test('after the end nothing is announced: neither what was wanted before it nor what is wanted after it', async () => {
  const { answers, announce } = slowAnnouncements();
  const announcing = openAnnouncing(INTERVAL_MS, announce, () => undefined);
  announcing.soon();
  await announcing.close();
  announcing.soon();
  await vi.advanceTimersByTimeAsync(INTERVAL_MS * 2);
  expect(answers).toEqual([]);
});

test('an announcement that fails is told, and the next one is made all the same', async () => {
  const faults: unknown[] = [];
  let times = 0;
  const announce = async (): Promise<void> => {
    times += 1;
    throw new Error('away');
  };
  const announcing = openAnnouncing(INTERVAL_MS, announce, (fault) => void faults.push(fault));
  for (let at = 0; at < 2; at += 1) {
    announcing.soon();
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  }
  await announcing.close();
  expect([times, faults.length]).toEqual([2, 2]);
});

test('what a waiting seat made this process read has been read when the changes are closed', async () => {
  const store = await openStore('sqlite::memory:');
  const busy = Promise.withResolvers<void>();
  // The one connection of a database in memory: whoever reads meanwhile waits.
  const other = store.db.transaction().execute(() => busy.promise);
  const changes = openChanges(store, () => undefined);
  const waiting = changes.wait(INTERVAL_MS, new AbortController().signal);
  const closing = changes.close();
  expect(await hasEnded(closing)).toBe(false);
  busy.resolve();
  await Promise.all([other, closing, waiting]);
  await store.close();
});
