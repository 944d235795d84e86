import { afterEach, expect, test, vi } from 'vitest';
import { MOST_ROWS, openRefusedPeers, type RefusedPeers, WINDOW_MS } from './refused-peers.ts';
import type { ServerEvent } from './server-log.ts';

interface Opened {
  readonly peers: RefusedPeers;
  readonly rows: ServerEvent[];
  readonly faults: unknown[];
  pass(ms: number): void;
}

afterEach(() => vi.useRealTimers());

function open(append: (event: ServerEvent) => Promise<void> = () => Promise.resolve()): Opened {
  const rows: ServerEvent[] = [];
  const faults: unknown[] = [];
  let time = 0;
  const log = {
    append: async (event: ServerEvent) => {
      rows.push(event);
      await append(event);
    },
    firstFault: () => Promise.resolve(null),
    read: () => Promise.reject(new Error('not read here')),
  };
  const peers = openRefusedPeers(
    log,
    (fault) => faults.push(fault),
    () => time,
  );
  return {
    peers,
    rows,
    faults,
    pass: (ms) => {
      time += ms;
    },
  };
}

test('one network and reason is one row a minute, however many addresses it has', async () => {
  const { peers, rows, pass } = open();
  for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:0db8:0001:0002:3:4:5:6', 'fe80::1%eth0', 'fe80::2']) {
    peers.count(address, 'A');
  }
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:1:3::1']) peers.count(address, 'A');
  peers.count('192.0.2.7', 'B');
  await peers.settled();
  expect(rows.map(({ actor }) => actor)).toEqual(['2001:db8:1:2::1', 'fe80::1%eth0', '192.0.2.7', '2001:db8:1:3::1', '192.0.2.7']);
  pass(WINDOW_MS);
  peers.count('192.0.2.7', 'B');
  await peers.settled();
  expect(rows.at(-1)).toEqual({ type: 'peer.refused', actor: '192.0.2.7', body: { address: '192.0.2.7', reason: 'B', total: 2 } });
});

test('a flood from many networks makes a bounded number of rows; the rest is told in one', async () => {
  const { peers, rows, pass } = open();
  for (let at = 0; at < 5000; at += 1) peers.count(`2001:db8:0:${at.toString(16)}::1`, 'A');
  pass(WINDOW_MS);
  peers.count('192.0.2.7', 'A');
  await peers.settled();
  expect(rows).toHaveLength(MOST_ROWS + 2);
  expect(rows[MOST_ROWS]?.body).toEqual({ address: 'many', reason: 'many', total: 5000 - MOST_ROWS });
  expect(peers.totals()).toEqual(new Map([['A', 5001]]));
});

test('while the record does not answer, what waits for it is bounded; a failed row is told and stops no other', async () => {
  let release: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { peers, rows, faults, pass } = open(async (event) => {
    await stuck;
    if (event.actor === '192.0.2.0') throw new Error('disk full');
  });
  for (let minute = 0; minute < 20; minute += 1) {
    for (let at = 0; at < 100; at += 1) peers.count(`192.0.2.${at}`, `${minute}`);
    pass(WINDOW_MS);
  }
  release();
  await peers.settled();
  expect(faults).toHaveLength(1);
  expect(rows.length).toBeLessThanOrEqual(MOST_ROWS + 3);
  const told = rows.reduce((sum, { actor, body }) => sum + (actor === 'many' ? Number(body['total']) : 1), 0);
  expect(told).toBe(2000);
});

test('a clock of the day that is set back holds no window open', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  const rows: ServerEvent[] = [];
  const log = {
    append: async (event: ServerEvent) => void rows.push(event),
    firstFault: () => Promise.resolve(null),
    read: () => Promise.reject(new Error('not read here')),
  };
  const peers = openRefusedPeers(log, () => undefined);
  peers.count('192.0.2.7', 'A');
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(WINDOW_MS);
  peers.count('192.0.2.7', 'A');
  await peers.settled();
  expect(rows.map(({ body }) => body['total'])).toEqual([1, 2]);
});
