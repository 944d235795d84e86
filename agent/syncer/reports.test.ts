/** What a seat tells of its policy and staff reaches its server, however busy that is, and holds nothing else up. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Report } from '../../contract/seat-api.ts';
import type { AgentPort } from './agent-port.ts';
import { openReports, type Reports } from './reports.ts';
import type { SeatAnswer, SeatClient } from './seat-client.ts';
import { openUpdates } from './updates.ts';

const { signal } = new AbortController();
const policy: Report = { kind: 'policy', version: 7, outcome: 'applied', code: null, message: null };
const BUSY = { status: 429, code: 'SERVER_TOO_MANY', retryAfterMs: 5_000 };

let nowMs: number;
let refusal: { readonly status: number; readonly code: string; readonly retryAfterMs: number | null } | null;
let told: unknown[];
let calls: string[];

/** Takes reports, or refuses them; has a policy for whoever has none. */
const server: SeatClient = {
  call: async ({ method, path, body }): Promise<SeatAnswer> => {
    const { pathname, searchParams } = new URL(path, 'https://server');
    calls.push(method === 'GET' ? `poll ${searchParams.get('wait')}` : pathname);
    const of = (status: number, answer: object, retryAfterMs: number | null = null): SeatAnswer => ({
      ...{ status, retryAfterMs },
      body: Buffer.from(JSON.stringify(answer)),
    });
    if (method === 'GET') {
      const envelope = searchParams.get('policy') === '0' ? { version: 7, envelope: 'AAAA' } : null;
      return of(200, { policy: envelope, directory: null, people: false });
    }
    if (refusal !== null) return of(refusal.status, { code: refusal.code, message: 'No.' }, refusal.retryAfterMs);
    told.push(JSON.parse(Buffer.from(body ?? []).toString()));
    return of(200, {});
  },
  close: () => undefined,
};

beforeEach(() => {
  nowMs = 0;
  refusal = null;
  told = [];
  calls = [];
});

afterEach(() => vi.useRealTimers());

const opened = (): Reports => openReports({ server, random: () => 0, now: () => nowMs });

test('a report that was taken is told once', async () => {
  const reports = opened();
  reports.add(policy);
  await reports.send(signal);
  await reports.send(signal);
  expect([told, reports.restMs]).toEqual([[policy], null]);
});

test('a server that is too busy is left alone for as long as it asks, and told then', async () => {
  const reports = opened();
  reports.add(policy);
  refusal = BUSY;
  await reports.send(signal);
  expect([calls.length, reports.restMs]).toEqual([1, 5_000]);
  refusal = null;
  nowMs = 4_999;
  await reports.send(signal);
  expect(calls.length).toBe(1);
  nowMs = 5_000;
  await reports.send(signal);
  expect([told, reports.restMs]).toEqual([[policy], null]);
});

test('of each kind the newest is told', async () => {
  const reports = opened();
  reports.add(policy);
  reports.add({ ...policy, kind: 'directory', version: 3 });
  reports.add({ ...policy, version: 8 });
  await reports.send(signal);
  expect(told).toMatchObject([
    { kind: 'policy', version: 8 },
    { kind: 'directory', version: 3 },
  ]);
});

test.each([
  ['goes where it is itself what the server refuses', { status: 422, code: 'SERVER_REQUEST_INVALID', retryAfterMs: null }, []],
  ['waits where the seat is what the server refuses', { status: 403, code: 'SERVER_SEAT_REVOKED', retryAfterMs: null }, [policy]],
] as const)('a report %s, and the failure is told', async (_what, refused, toldLater) => {
  const reports = opened();
  reports.add(policy);
  refusal = refused;
  await expect(reports.send(signal)).rejects.toMatchObject({ status: refused.status });
  refusal = null;
  await reports.send(signal);
  expect(told).toEqual(toldLater);
});

test('a seat whose report has to wait takes its policy all the same, asks no longer than until then, and tells it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  refusal = BUSY;
  const agent: AgentPort = { request: (async () => ({ outcome: 'applied', version: 7 })) as AgentPort['request'] };
  const updates = openUpdates({ agent, server, random: () => 0, onPeople: () => undefined }, { policy: 0, directory: 2 });
  expect(await updates.run(signal)).toBe(true);
  expect(updates.known()).toEqual({ policy: 7, directory: 2 });
  refusal = null;
  await updates.run(signal);
  expect(calls).toEqual(['/v1/reports', 'poll 0', 'poll 5']);
  vi.advanceTimersByTime(5_000);
  await updates.run(signal);
  expect(told).toMatchObject([
    { kind: 'directory', version: 2 },
    { kind: 'policy', version: 7 },
  ]);
});
