/**
 * A real agent and a real syncer that reach a real server through a network that fails, and through somebody in the middle who
 * holds the site's own keys. In each case: the receipt does not move on what was not acknowledged, and in the end the server has
 * every entry once. Whose certificate a seat takes at all: server-tls.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutEnvelopes } from '../../server/services/envelopes.ts';
import { unpackEntries } from '../../server/services/logs.ts';
import type { NetworkFault } from '../support/fault-proxy.ts';
import type { Answer, Deed, SeenRequest } from '../support/fault-terminator.ts';
import { type SeatBehindProxy, seatBehindProxy } from '../support/seat-behind-proxy.ts';
import { rows, until } from '../support/server-process.ts';

/** More than an anchor with the handshake of its connection, less than a batch of `REFUSALS`. */
const LARGE_REQUEST = 10_000;
const REFUSALS = 40;
/** Less than the answer to an upload. */
const PIECE_OF_ANSWER = 300;
const DELAY_MS = 400;
/** Each fault strikes at least so often: once may be luck, the next is the retry. */
const STRIKES = 2;

let behind: SeatBehindProxy;
let site: SeatBehindProxy['site'];
let proxy: SeatBehindProxy['proxy'];
let middle: SeatBehindProxy['middle'];
let screens: SeatBehindProxy['screens'];

beforeAll(async () => {
  behind = await seatBehindProxy();
  ({ site, proxy, middle, screens } = behind);
  await stopSyncer();
});
afterAll(() => behind.remove());

/** A session in which somebody asks for much that there is not: entries enough for a batch that no packet holds. */
async function visit(): Promise<void> {
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'through the proxy' })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  for (let at = 0; at < REFUSALS; at += 1) await screens.client.request('launch', { appId: `none-${at}` });
  await screens.client.request('logout', {});
  await screens.sees((view) => view.phase === 'locked');
}

/** What is appended from now on goes up at once. */
async function startSyncer(): Promise<void> {
  site.startSyncer();
  await screens.sees((view) => view.truth.connection.state === 'online');
}

async function stopSyncer(): Promise<void> {
  await site.stopSyncer();
  await screens.sees((view) => view.truth.connection.state === 'offline');
}

interface Position {
  /** Entries of the seat that a receipt covers. */
  readonly receipted: number;
  /** Entries that the server has, which are the seat's own, in their order, without a hole, each once. */
  readonly stored: number;
}

/** Reads both ends; the syncer must be stopped. */
async function position(): Promise<Position> {
  const agent = await site.seat.syncer();
  const { logs } = await agent.request('logs', {});
  const [log] = logs;
  if (log === undefined) throw new Error('the seat has no log');
  const { incarnation, size, receiptedSize } = log;
  const own: Buffer[] = [];
  while (own.length < size) {
    const { entries } = await agent.request('entries', { incarnation, start: own.length, maxBytes: 100_000, maxEntries: 500 });
    own.push(...entries.map((entry) => Buffer.from(entry, 'base64')));
  }
  agent.close();
  const stored = rows<{ start: number; entries: Uint8Array }>(site.server.state, 'select start, entries from segments order by start');
  let next = 0;
  for (const { start, entries } of stored) {
    expect(start).toBe(next);
    for (const entry of unpackEntries(entries)) {
      expect(Buffer.from(withoutEnvelopes(own[next] ?? Buffer.alloc(0))).equals(entry), `entry ${next}`).toBe(true);
      next += 1;
    }
  }
  expect(receiptedSize).toBeLessThanOrEqual(next);
  return { receipted: receiptedSize, stored: next };
}

interface Fault {
  /** What the network does, from the first byte of the syncer on. */
  set(): void;
  struck(): number;
}

/** Where both ends stand before, after the fault has struck, and when it is over and all is told. The syncer is stopped before and after. */
async function through({
  set,
  struck,
}: Fault): Promise<{ readonly before: Position; readonly during: Position; readonly after: Position }> {
  const before = await position();
  await visit();
  set();
  await startSyncer();
  await visit();
  await until(() => struck() >= STRIKES);
  await stopSyncer();
  const during = await position();
  proxy.fault = { kind: 'none' };
  middle.decide = () => 'pass';
  await startSyncer();
  await visit();
  await screens.sees((view) => view.truth.storage.unreceipted === 0);
  await stopSyncer();
  const after = await position();
  expect(after.receipted).toBeGreaterThan(during.receipted);
  return { before, during, after };
}

/** A fault of the network between seat and server. */
function network(fault: NetworkFault): Fault {
  return {
    set: () => {
      proxy.target = Number(new URL(site.server.ready.seats).port);
      proxy.fault = fault;
    },
    struck: () => proxy.struck,
  };
}

/** What somebody in the middle does to every upload. */
function uploads(deed: (seen: SeenRequest) => Deed): Fault {
  let struck = 0;
  return {
    set: () => {
      proxy.target = middle.port;
      middle.decide = (seen) => {
        if (seen.method !== 'PUT') return 'pass';
        struck += 1;
        return deed(seen);
      };
    },
    struck: () => struck,
  };
}

const page = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<html>Sign in to use this network</html>\n'),
});

test('the network cuts an upload in its midst: the server has nothing of it, the seat keeps all of it', async () => {
  const { before, during } = await through(network({ kind: 'cut', over: LARGE_REQUEST }));
  expect(during).toEqual(before);
});

test('the network ends in the midst of the answer: the server has it, the seat does not take that for a receipt', async () => {
  const { before, during } = await through(network({ kind: 'truncate', over: LARGE_REQUEST, answer: PIECE_OF_ANSWER }));
  expect(during.receipted).toBe(before.receipted);
  expect(during.stored).toBeGreaterThan(before.stored);
});

test('the network is slow, piece by piece: all arrives, once', async () => {
  const { during, before } = await through(network({ kind: 'delay', ms: DELAY_MS }));
  expect(during.receipted).toBeGreaterThanOrEqual(before.receipted);
});

test('fault 47: a captive portal with a certificate that the seat trusts answers uploads with 200 and a page: nothing is acknowledged', async () => {
  const { before, during } = await through(uploads(() => page(200)));
  expect(during).toEqual(before);
});

test('fault 47: a truncated 200 acknowledges nothing', async () => {
  const { before, during } = await through(uploads(() => 'halve'));
  expect(during.receipted).toBe(before.receipted);
  expect(during.stored).toBeGreaterThan(before.stored);
});

test('fault 39: the answer is lost each time: the server has it once, and the seat sends it again until it has the receipt', async () => {
  const { before, during } = await through(uploads(() => 'lose'));
  expect(during.receipted).toBe(before.receipted);
  expect(during.stored).toBeGreaterThan(before.stored);
});

test('every upload is replayed to the server: it is there once, and the seat goes on', async () => {
  const { before, during } = await through(uploads(() => 'replay'));
  expect(during.receipted).toBeGreaterThan(before.receipted);
});

const json = (status: number, body: object): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(body)),
});

test.each([
  ['where the upload begins', (start: number) => start, 'INTAKE_SIZE_CONFLICT'],
  ['beyond the log', (start: number) => start + 1_000_000, 'SYNC_LOGS_DIFFER'],
])(
  'a dishonest server answers 409 with a size %s: nothing is acknowledged or left out, and the record tells it',
  async (_where, sizeAt, code) => {
    const steers = uploads(({ path }) =>
      json(409, { code: 'INTAKE_SIZE_CONFLICT', message: 'Elsewhere.', size: sizeAt(Number(path.split('/').at(-1))) }),
    );
    const { before, during } = await through(steers);
    expect(during).toEqual(before);
    const told = () => rows(site.server.state, "select * from indexed_events where type = 'sync.incident' and body like ?", `%${code}%`);
    await until(() => told().length > 0);
  },
);
