/** When the lane asks the server: when the agent has something to tell, when the server called, and when its mark is another one. */
import { expect, test } from 'vitest';
import type { AgentPort } from './agent-port.ts';
import { openPeople } from './people.ts';
import type { SeatClient } from './seat-client.ts';

const { signal } = new AbortController();

function lane() {
  const asked: boolean[] = [];
  const state = { hasNews: false, takes: true, posts: 0, fails: false, during: () => {} };
  const agent: AgentPort = {
    request: (async (name: string, { always }: { always?: boolean }) => {
      if (name === 'people') return { taken: state.takes, more: false };
      asked.push(always === true);
      return always === true || state.hasNews ? { sealed: 'AAAA' } : null;
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async () => {
      state.posts += 1;
      state.during();
      if (state.fails) throw new TypeError('gone');
      return { status: 200, retryAfterMs: null, body: Buffer.from(JSON.stringify({ sealed: 'AAAA' })) };
    },
    close: () => undefined,
  };
  const people = openPeople(agent, server);
  const run = async (): Promise<number> => {
    const before = state.posts;
    await people.run(signal).catch(() => false);
    return state.posts - before;
  };
  return { people, state, asked, run };
}

test('an idle seat asks once for each mark, and for what its agent has to tell', async () => {
  const { people, state, run } = lane();
  expect(people.heard({ called: false, mark: 'a-a' })).toBe(true);
  expect([await run(), await run()]).toEqual([1, 0]);
  expect(people.heard({ called: false, mark: 'a-a' })).toBe(false);
  expect(await run()).toBe(0);
  expect(people.heard({ called: false, mark: 'a-b' })).toBe(true);
  expect([await run(), await run()]).toEqual([1, 0]);
  state.hasNews = true;
  expect(await run()).toBe(1);
});

test('a call is answered once; one that comes while an answer is on its way is not lost, nor is a mark', async () => {
  const { people, state, run } = lane();
  people.heard({ called: false, mark: 'a' });
  await run();
  expect(people.heard({ called: true, mark: 'a' })).toBe(true);
  expect([await run(), await run()]).toEqual([1, 0]);
  people.heard({ called: true, mark: 'a' });
  state.during = () => {
    state.during = () => {};
    people.heard({ called: true, mark: 'b' });
  };
  expect([await run(), await run(), await run()]).toEqual([1, 1, 0]);
});

test('what failed, and an answer that the agent did not take, are asked for again', async () => {
  const { people, state, run } = lane();
  people.heard({ called: true, mark: 'a' });
  state.fails = true;
  expect(await run()).toBe(1);
  Object.assign(state, { fails: false, takes: false });
  expect(await run()).toBe(1);
  state.takes = true;
  expect([await run(), await run()]).toEqual([1, 0]);
});

test('at a server that gives no mark the seat asks at each turn', async () => {
  const { people, run } = lane();
  expect(await run()).toBe(1);
  people.heard({ called: false, mark: null });
  expect([await run(), await run()]).toEqual([1, 1]);
});
