/**
 * Fault 49 against a real server process over raw TLS: what is too large, or unpacks to too much, or never ends, is refused with a
 * code before it costs memory. Nothing here passes because a connection was dropped: each refusal is read.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processUsage } from '../../cli/sim/process-usage.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { BATCH_BYTES, seatPaths } from '../../contract/seat-api.ts';
import { codeOf, FaultServer, sendAll, untilTaken } from '../support/fault-server.ts';

const MIB = 1_048_576;
/** What a claim of a body says, and what a packed one becomes. */
const HUGE_BYTES = 512 * MIB;
const CLAIMS = 100;
const ENDLESS = 40;
const PIECE_BYTES = 65_536;
/** Connections of one seat that each hold a body which lacks its last byte. */
const HELD = 300;
/** The peak of the process over all that follows, which in sum is many gigabytes: garbage of some batches, not the bodies. */
const MOST_GROWTH_MIB = 128;

let server: FaultServer;
let seat: SimSeat;
let entries: string;
beforeAll(async () => {
  server = await FaultServer.start();
  seat = await server.newSeat();
  seat.append(500);
  // It is warm: what it needs for honest work is there already.
  await sendAll(seat);
  entries = `${seatPaths.entries}/${seat.incarnation}/0`;
});
afterAll(() => server.end());

interface Raw {
  readonly socket: TLSSocket;
  /** The status and the body of the first answer. */
  readonly answer: Promise<{ readonly status: number; readonly body: Buffer }>;
}

/** A connection with the seat's certificate on which this test writes the bytes itself. */
async function raw(head: readonly string[]): Promise<Raw> {
  const { hostname, port } = new URL(server.ready.seats);
  const { key, certificate: cert } = seat.identity;
  const socket = connect({ host: hostname, port: Number(port), ca: seat.enrolment.ca, key, cert });
  const answer = new Promise<Awaited<Raw['answer']>>((resolve, reject) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      const [, status = '', length = ''] = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\ncontent-length: (\d+)\r\n/i.exec(text) ?? [];
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      if (status !== '' && body.length >= Number(length)) resolve({ status: Number(status), body: Buffer.from(body, 'latin1') });
    });
    socket.on('error', reject).once('close', () => reject(new Error(`no answer: ${text}`)));
  });
  answer.catch(() => undefined);
  await once(socket, 'secureConnect');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return { socket, answer };
}

const head = (method: string, path: string, ...headers: readonly string[]) => [`${method} ${path} HTTP/1.1`, 'host: server', ...headers];
const types = { PUT: 'application/octet-stream', text: 'text/plain', json: 'application/json' } as const;
/** Each with the most that its body may have. */
const routes = () =>
  [
    ['PUT', entries, types.PUT, BATCH_BYTES + 16_384],
    ['POST', seatPaths.addCheckpoint, types.text, 16_384],
    ['POST', seatPaths.reports, types.json, 65_536],
    ['POST', seatPaths.people, types.json, 2 * MIB],
  ] as const;

async function refusal({ socket, answer }: Raw): Promise<readonly [number, string]> {
  const { status, body } = await answer;
  socket.destroy();
  return [status, codeOf({ status, body, retryAfterMs: null })];
}

const peak = (): number => processUsage(server.ready.pid)().peakMib;

describe('fault 49', () => {
  test('a huge Content-Length is refused at once, without a byte of the body', async () => {
    const before = peak();
    for (const [method, path, type] of routes()) {
      for (let at = 0; at < CLAIMS; at += 1) {
        const request = await raw(head(method, path, `content-type: ${type}`, `content-length: ${HUGE_BYTES}`));
        expect(await refusal(request)).toEqual([413, 'SERVER_BODY_TOO_LARGE']);
      }
    }
    expect(peak() - before).toBeLessThan(MOST_GROWTH_MIB);
  });

  test('a body in chunks that never ends is refused as soon as it is too large, again and again', async () => {
    const before = peak();
    const piece = Buffer.concat([Buffer.from(`${PIECE_BYTES.toString(16)}\r\n`), Buffer.alloc(PIECE_BYTES), Buffer.from('\r\n')]);
    for (const [method, path, type, most] of routes()) {
      for (let at = 0; at < ENDLESS; at += 1) {
        const request = await raw(head(method, path, `content-type: ${type}`, 'transfer-encoding: chunked'));
        // The piece that makes it too much is the last one that anybody writes: the answer must come without an end.
        for (let sent = 0; sent <= most; sent += PIECE_BYTES) request.socket.write(piece);
        expect(await refusal(request)).toEqual([413, 'SERVER_BODY_TOO_LARGE']);
      }
    }
    expect(peak() - before).toBeLessThan(MOST_GROWTH_MIB);
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('what is packed by %s is not unpacked, whatever would come of it', async (encoding, pack) => {
    const before = peak();
    const bomb = pack(Buffer.alloc(HUGE_BYTES));
    for (const [method, path, type] of routes()) {
      const headers = [`content-type: ${type}`, `content-encoding: ${encoding}`];
      const request = await raw(head(method, path, ...headers, `content-length: ${bomb.length}`));
      request.socket.write(bomb);
      const [status, code] = await refusal(request);
      expect([400, 413, 415]).toContain(status);
      expect(code).toMatch(/^SERVER_(REQUEST_MALFORMED|BODY_TOO_LARGE)$/);
    }
    expect(peak() - before).toBeLessThan(MOST_GROWTH_MIB);
  });

  test('lengths that claim more than there is, and more entries than a batch holds, are refused', async () => {
    const claims = Buffer.alloc(64);
    claims.writeUInt32BE(0xffffffff, 0);
    for (const body of [claims, Buffer.alloc(4 * 1100)]) {
      const request = await raw(head('PUT', entries, `content-type: ${types.PUT}`, `content-length: ${body.length}`));
      request.socket.write(body);
      expect(await refusal(request)).toEqual([400, 'SERVER_REQUEST_MALFORMED']);
    }
    const elsewhere = await raw(head('PUT', `${seatPaths.entries}/..%2f..%2fetc/0`, `content-type: ${types.PUT}`, 'content-length: 1'));
    elsewhere.socket.write('x');
    expect(await refusal(elsewhere)).toEqual([400, 'SERVER_REQUEST_MALFORMED']);
  });

  test.each([
    ['uploads', 2, () => head('PUT', entries, `content-type: ${types.PUT}`)],
    ['anchors', 4, () => head('POST', seatPaths.addCheckpoint, `content-type: ${types.text}`)],
    ['reports', 4, () => head('POST', seatPaths.reports, `content-type: ${types.json}`)],
    ['news of people', 2, () => head('POST', seatPaths.people, `content-type: ${types.json}`)],
    ['requests for a certificate', 2, () => head('POST', seatPaths.renew, `content-type: ${types.json}`)],
  ])(
    'one seat that leaves its %s unsent holds %i places; its further ones are refused, and another seat is served',
    async (_what, places, of) => {
      const unsent = [...of(), 'content-length: 1000'];
      const slow = await Promise.all(Array.from({ length: places + 1 }, () => raw(unsent)));
      // Whichever came last: the others get no answer while they are in hand.
      const { status, body } = await Promise.race(slow.map(({ answer }) => answer));
      expect([status, codeOf({ status, body, retryAfterMs: null })]).toEqual([429, 'SERVER_TOO_MANY']);
      const other = await server.newSeat();
      other.append(3);
      expect(await sendAll(other)).toBe(other.size);
      for (const { socket } of slow) socket.destroy();
      // The places come back.
      await untilTaken(async () => {
        const { socket, answer } = await raw([...of(), 'content-length: 1']);
        socket.write('x');
        const got = await answer;
        socket.destroy();
        return { ...got, retryAfterMs: null };
      });
    },
  );

  test('one seat that holds hundreds of bodies that are nearly whole costs the memory of two', async () => {
    const before = peak();
    const nearly = Buffer.alloc(2 * MIB - PIECE_BYTES, ' ');
    const held = await Promise.all(
      Array.from({ length: HELD }, async () => {
        const request = await raw(head('POST', seatPaths.people, `content-type: ${types.json}`, `content-length: ${nearly.length + 1}`));
        await new Promise<void>((sent) => request.socket.write(nearly, () => sent()));
        return request;
      }),
    );
    let refused = 0;
    for (const { answer } of held)
      void answer.then(
        ({ status }) => (refused += status === 429 ? 1 : 0),
        () => undefined,
      );
    await expect.poll(() => refused, { timeout: 30_000 }).toBe(HELD - 2);
    expect(peak() - before).toBeLessThan(MOST_GROWTH_MIB);
    for (const { socket } of held) socket.destroy();
  });

  test('after all that it takes entries as before', async () => {
    const size = seat.size;
    seat.append(10);
    expect(await sendAll(seat, size)).toBe(seat.size);
    server.expectWhole(seat);
  });
});
