import { expect, test } from 'vitest';
import { CommitTurn, HOLD_MS } from './commit-turn.ts';

/** A writer as small as can be: what waits when its turn comes is one commit. */
function writer(now: () => number = () => 0) {
  const turn = new CommitTurn(now);
  const commits: number[][] = [];
  let waiting: { readonly event: number; readonly durable: () => void }[] = [];
  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    commits.push(batch.map(({ event }) => event));
    for (const { durable } of batch) durable();
    turn.answered();
  };
  const append = (event: number): Promise<void> =>
    new Promise((durable) => {
      waiting.push({ event, durable });
      if (waiting.length === 1) turn.soon(commit);
    });
  return { append, commits };
}

const turnsEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one that is alone is committed before its turn ends', async () => {
  const { append, commits } = writer();
  void append(1);
  await Promise.resolve();
  expect(commits).toEqual([[1]]);
});

test('what one caller asks for at once shares a commit', async () => {
  const { append, commits } = writer();
  await Promise.all([1, 2, 3].map((event) => append(event)));
  expect(commits).toEqual([[1, 2, 3]]);
});

test('who goes on as soon as it was answered needs no turn of the event loop', async () => {
  const { append, commits } = writer();
  let turns = 0;
  setImmediate(() => {
    turns += 1;
  });
  for (const event of [1, 2, 3]) await append(event);
  expect({ commits, turns }).toEqual({ commits: [[1], [2], [3]], turns: 0 });
});

test('others who ask in the same turn wait for its end and share a commit', async () => {
  const { append, commits } = writer();
  const callers = [1, 2, 3].map((event) => new Promise<void>((resolve) => setImmediate(() => void append(event).then(resolve))));
  await Promise.all(callers);
  expect(commits).toEqual([[1], [2, 3]]);
});

test('a caller without a pause lets the event loop have its turn', async () => {
  let at = 0;
  const { append, commits } = writer(() => at);
  const seen: number[] = [];
  void turnsEnd().then(() => seen.push(commits.length));
  await append(1);
  await append(2);
  expect(seen).toEqual([]);
  at = HOLD_MS;
  await append(3);
  expect(seen).toEqual([2]);
});
