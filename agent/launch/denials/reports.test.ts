/** When a seat may say that denials are reported: once a record came, whoever listens and however late. */
import { afterEach, expect, test, vi } from 'vitest';
import type { DenialHandlers } from './listener.ts';
import { Reports } from './reports.ts';

const denial = { domainPid: 7, access: 'execute', path: '/bin/true', count: 1 } as const;
let reports: Reports;
afterEach(async () => {
  await reports.close();
  vi.useRealTimers();
});

function begin(): { readonly heard: DenialHandlers[]; readonly told: number[] } {
  const heard: DenialHandlers[] = [];
  const told: number[] = [];
  reports = new Reports({
    perform: async () => ({ done: [], failed: [] }),
    listen: async (handlers) => {
      heard.push(handlers);
      return { close: async () => undefined };
    },
    log: () => undefined,
  });
  reports.tell(({ domainPid }) => told.push(domainPid));
  return { heard, told };
}

test('one who listens in the wrong place hears nothing, and does not count as reporting', async () => {
  begin();
  await reports.listen();
  expect([reports.isListening, reports.areComing]).toEqual([true, false]);
});

test('the first record shows that they come, also one that nobody waits for any more', async () => {
  const { heard, told } = begin();
  await reports.listen();
  heard[0]?.onDenied(denial);
  expect([reports.areComing, told]).toEqual([true, [7]]);
});

test('they do not come while nobody listens, and do again with the next listener', async () => {
  vi.useFakeTimers();
  const { heard } = begin();
  await reports.listen();
  heard[0]?.onDenied(denial);
  heard[0]?.onTrouble('ended');
  expect(reports.areComing).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([heard.length, reports.areComing]).toEqual([2, true]);
});
