/**
 * Uploads and anchors of simulated seats at a real server process over mutual TLS, in turn with bare writes of the same bytes
 * into the same kind of database. What the seats send is made before the clock runs.
 */
import { encodeEntries } from '../../../agent/syncer/wire.ts';
import type { SimSeat } from '../../../cli/sim/seat.ts';
import { seatPaths } from '../../../contract/seat-api.ts';
import type { BareWriter } from './bare.ts';
import type { BenchSite } from './bench-site.ts';

const SEATS = 24;
const BATCH = 256;
const BATCHES_EACH = 7;
const ANCHORS_EACH = 20;
/**
 * Rounds that do not count. A server runs for months: what an anchor costs it falls for some thousand requests, as its code is
 * compiled; an upload is mostly work that was compiled before.
 */
const WARM_UP = { intake: 1, anchors: 10 } as const;
const MS = 1000;

export interface Rates {
  /** A second, a value a round. */
  readonly product: readonly number[];
  readonly bare: readonly number[];
}

interface Request {
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Entries a second at 256 a batch. */
export async function measureIntake(site: BenchSite, bare: BareWriter, rounds: number): Promise<Rates> {
  const seats = await site.enrol(SEATS);
  for (const seat of seats) await send(seat, [upload(seat, 1).request]);
  return inTurn({ rounds, warmUp: WARM_UP.intake }, async () => {
    const work = seats.map((seat) => Array.from({ length: BATCHES_EACH }, () => batchOf(seat)));
    const batches = work.flat().map(({ entries }) => entries);
    const entries = batches.length * BATCH;
    return {
      bare: await rateOf(entries, () => bare.batches(batches)),
      product: await rateOf(entries, () =>
        sendAll(
          seats,
          work.map((own) => own.map(({ request }) => request)),
        ),
      ),
    };
  }).finally(() => hangUp(seats));
}

/** Anchors a second, each of a log that has grown. */
export async function measureAnchors(site: BenchSite, bare: BareWriter, rounds: number): Promise<Rates> {
  const seats = await site.enrol(SEATS);
  return inTurn({ rounds, warmUp: WARM_UP.anchors }, async () => {
    const work = seats.map((seat) => Array.from({ length: ANCHORS_EACH }, () => anchor(seat)));
    const rows = work.flat().map(({ body }) => body);
    return {
      bare: await rateOf(rows.length, () => bare.singles(rows)),
      product: await rateOf(rows.length, () => sendAll(seats, work)),
    };
  }).finally(() => hangUp(seats));
}

interface Rounds {
  readonly rounds: number;
  readonly warmUp: number;
}

async function inTurn(
  { rounds, warmUp }: Rounds,
  round: () => Promise<{ readonly bare: number; readonly product: number }>,
): Promise<Rates> {
  const rates = { product: [] as number[], bare: [] as number[] };
  for (let at = 0; at < warmUp + rounds; at += 1) {
    const { bare, product } = await round();
    if (at < warmUp) continue;
    rates.bare.push(bare);
    rates.product.push(product);
  }
  return rates;
}

async function rateOf(count: number, work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return (count * MS) / (performance.now() - started);
}

function batchOf(seat: SimSeat): { readonly request: Request; readonly entries: readonly Uint8Array[] } {
  seat.append(BATCH);
  return upload(seat, BATCH);
}

/** The last `count` entries. */
function upload(seat: SimSeat, count: number): { readonly request: Request; readonly entries: readonly Uint8Array[] } {
  const run = seat.batch(seat.size - count, count);
  const path = `${seatPaths.entries}/${seat.incarnation}/${run.start}`;
  const request = { method: 'PUT', path, headers: { 'content-type': 'application/octet-stream' }, body: encodeEntries(run) } as const;
  return { request, entries: run.entries };
}

function anchor(seat: SimSeat): Request {
  const before = seat.size;
  seat.append(1);
  const body = Buffer.from(seat.anchorBody(before === 1 ? 0 : before));
  return { method: 'POST', path: seatPaths.addCheckpoint, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

async function sendAll(seats: readonly SimSeat[], work: readonly (readonly Request[])[]): Promise<void> {
  await Promise.all(seats.map((seat, at) => send(seat, work[at] ?? [])));
}

async function send(seat: SimSeat, requests: readonly Request[]): Promise<void> {
  for (const request of requests) {
    const answer = await seat.client.call(request);
    if (answer.status !== 200) throw new Error(`${request.path} was answered ${answer.status}: ${answer.body.toString('utf8')}`);
  }
}

function hangUp(seats: readonly SimSeat[]): void {
  for (const { client } of seats) client.close();
}
