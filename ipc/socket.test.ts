/** Client and server of a boundary over a real socket: what is admitted, what is answered, what is refused and reported. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Type from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundary } from '../contract/boundary.ts';
import type { Person } from '../contract/directory.ts';
import { SYNC_REQUEST_LIMIT } from '../contract/sync.ts';
import { WardlockError } from '../core/errors/index.ts';
import { connect } from './client.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { FRAME_LIMIT } from './limits.ts';
import type { Peer, Refusal, Verdict } from './peer.ts';
import { type BoundaryServer, listen } from './server.ts';

const testBoundary = boundary({
  name: 'test',
  protocol: 3,
  requests: {
    hello: {
      params: Type.Object({ protocol: Type.Integer(), build: Type.String() }),
      result: Type.Object({ greeting: Type.String() }),
    },
    add: { params: Type.Object({ a: Type.Integer(), b: Type.Integer() }), result: Type.Object({ sum: Type.Integer() }) },
    fail: { params: Type.Object({ how: Type.String() }), result: Type.Object({}) },
    wait: { params: Type.Object({}), result: Type.Object({}) },
    lie: { params: Type.Object({}), result: Type.Object({ sum: Type.Integer() }) },
  },
  events: { tick: Type.Object({ n: Type.Integer() }) },
});
type TestBoundary = typeof testBoundary;

const self: Peer = { uid: 1, gid: 2, pid: 3 };

let folder = '';
let server: BoundaryServer<TestBoundary>;
let refused: Refusal[] = [];
let faults: string[] = [];
let verdict: () => Verdict = () => ({ admitted: true, peer: self });
const raw: Socket[] = [];

async function start(limit = 4): Promise<string> {
  const path = join(folder, 't.sock');
  server = await listen({
    boundary: testBoundary,
    path,
    limit,
    admit: () => verdict(),
    onRefused: (refusal) => refused.push(refusal),
    onFault: (method) => faults.push(method),
    handlers: {
      hello: ({ build }) => ({ greeting: `hello ${build}` }),
      add: ({ a, b }) => ({ sum: a + b }),
      fail: ({ how }) => {
        if (how === 'coded') throw new WardlockError('SESSION_PIN_WAIT', 'Wait.');
        throw new Error('secret inside');
      },
      wait: () => new Promise(() => {}),
      lie: () => JSON.parse('{"sum":"four"}'),
    },
  });
  return path;
}

const dial = (path: string) => connect({ boundary: testBoundary, path, build: 'test/1', events: { tick: ({ n }) => ticks.push(n) } });
let ticks: number[] = [];

/** A peer without our client: gives every frame it was sent, and ends when the server closes. */
async function speak(path: string, ...bytes: readonly Uint8Array[]): Promise<readonly unknown[]> {
  const socket = createConnection(path);
  raw.push(socket);
  const decoder = new FrameDecoder();
  const frames: unknown[] = [];
  socket.on('data', (chunk: Buffer) => frames.push(...decoder.push(chunk)));
  socket.on('error', () => {});
  for (const part of bytes) socket.write(part);
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return frames;
}

const hello = encodeFrame({ id: 1, method: 'hello', params: { protocol: 3, build: 'raw' } });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-ipc-'));
  refused = [];
  faults = [];
  ticks = [];
  verdict = () => ({ admitted: true, peer: self });
});
afterEach(async () => {
  for (const socket of raw.splice(0)) socket.destroy();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a boundary over a socket', () => {
  it('greets, answers and pushes events', async () => {
    const client = await dial(await start());
    expect(client.welcome.greeting).toBe('hello test/1');
    expect((await client.request('add', { a: 2, b: 3 })).sum).toBe(5);
    server.broadcast('tick', { n: 7 });
    await client.request('add', { a: 0, b: 0 });
    expect(ticks).toEqual([7]);
    expect(server.connections()[0]?.build).toBe('test/1');
    client.close();
  });

  it('hands over an event that came with the greeting only once the caller has its client', async () => {
    const path = join(folder, 'eager.sock');
    const greeting = encodeFrame({ id: 1, result: { greeting: 'hello' } });
    const eager = createServer((socket) => {
      socket.once('data', () => socket.write(Buffer.concat([greeting, encodeFrame({ event: 'tick', body: { n: 1 } })])));
    });
    await new Promise<void>((resolve) => eager.listen(path, resolve));
    const heard = Promise.withResolvers<boolean>();
    let isReady = false;
    const client = await connect({ boundary: testBoundary, path, build: 'test/1', events: { tick: () => heard.resolve(isReady) } });
    isReady = true;
    expect(await heard.promise).toBe(true);
    client.close();
    await new Promise((resolve) => eager.close(resolve));
  });

  it('answers coded errors as they are, and says nothing of other failures', async () => {
    const client = await dial(await start());
    await expect(client.request('fail', { how: 'coded' })).rejects.toMatchObject({ code: 'SESSION_PIN_WAIT', message: 'Wait.' });
    const failure: unknown = await client.request('fail', { how: 'bare' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'IPC_HANDLER_FAILED' });
    expect(String(failure)).not.toContain('secret');
    expect(faults).toEqual(['fail']);
    client.close();
  });

  it('never sends a result that does not fit its schema', async () => {
    const client = await dial(await start());
    await expect(client.request('lie', {})).rejects.toMatchObject({ code: 'IPC_MESSAGE_MALFORMED' });
    client.close();
  });

  it('stops waiting after the time that the caller gave', async () => {
    const client = await dial(await start());
    await expect(client.request('wait', {}, 20)).rejects.toMatchObject({ code: 'IPC_TIMEOUT' });
    client.close();
  });

  it('tells every waiting caller when the server goes', async () => {
    const client = await dial(await start());
    const waiting = client.request('wait', {});
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'IPC_CLOSED' }), server.close()]);
    await expect(client.request('add', { a: 1, b: 1 })).rejects.toMatchObject({ code: 'IPC_CLOSED' });
  });

  it('refuses a peer that is not admitted before it is read, and reports who', async () => {
    verdict = () => ({ admitted: false, code: 'IPC_PEER_REFUSED', peer: self });
    const frames = await speak(await start(), hello);
    expect(frames).toMatchObject([{ id: null, error: { code: 'IPC_PEER_REFUSED' } }]);
    expect(refused).toEqual([{ border: 'test', code: 'IPC_PEER_REFUSED', peer: self, what: 'connect' }]);
  });

  it('refuses every peer when the peer check itself fails', async () => {
    verdict = () => {
      throw new Error('no credentials');
    };
    expect(await speak(await start(), hello)).toMatchObject([{ error: { code: 'IPC_PEER_REFUSED' } }]);
    expect(faults).toEqual(['admit']);
  });

  it('serves no more connections than its limit', async () => {
    const path = await start(1);
    const client = await dial(path);
    await expect(dial(path)).rejects.toMatchObject({ code: 'IPC_TOO_MANY' });
    expect((await client.request('add', { a: 1, b: 1 })).sum).toBe(2);
    client.close();
  });

  it.each([
    ['another protocol', [encodeFrame({ id: 1, method: 'hello', params: { protocol: 9, build: 'x' } })], 'IPC_PROTOCOL_MISMATCH'],
    ['no hello first', [encodeFrame({ id: 1, method: 'add', params: { a: 1, b: 1 } })], 'IPC_MESSAGE_MALFORMED'],
    ['an unknown method', [hello, encodeFrame({ id: 2, method: 'shutdown', params: {} })], 'IPC_METHOD_UNKNOWN'],
    ['a method of the prototype', [hello, encodeFrame({ id: 2, method: 'constructor', params: {} })], 'IPC_METHOD_UNKNOWN'],
    ['no envelope', [hello, encodeFrame([1, 2, 3])], 'IPC_MESSAGE_MALFORMED'],
    ['no JSON', [hello, new Uint8Array([0, 0, 0, 1, 0x7b])], 'IPC_MESSAGE_MALFORMED'],
    ['a frame over the limit', [hello, new Uint8Array([0xff, 0xff, 0xff, 0xff])], 'IPC_FRAME_TOO_LARGE'],
  ])('closes and reports: %s', async (_name, bytes, code) => {
    const frames = await speak(await start(), ...bytes);
    expect(frames.at(-1)).toMatchObject({ error: { code } });
    expect(refused.map((refusal) => refusal.code)).toEqual([code]);
  });

  it('answers params that do not fit with a coded error, reports it, and goes on', async () => {
    const path = await start();
    const socket = createConnection(path);
    raw.push(socket);
    const decoder = new FrameDecoder();
    const frames: unknown[] = [];
    const got = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        frames.push(...decoder.push(chunk));
        if (frames.length === 3) resolve();
      });
    });
    socket.write(hello);
    socket.write(encodeFrame({ id: 2, method: 'add', params: { a: 'one' } }));
    socket.write(encodeFrame({ id: 3, method: 'add', params: { a: 1, b: 1 } }));
    await got;
    expect(frames).toContainEqual({ id: 3, result: { sum: 2 } });
    expect(frames).toContainEqual({ id: 2, error: expect.objectContaining({ code: 'IPC_MESSAGE_MALFORMED' }) });
    expect(refused).toEqual([{ border: 'test', code: 'IPC_MESSAGE_MALFORMED', peer: self, what: 'add' }]);
  });

  it('survives any bytes after hello and still serves the next peer', async () => {
    const path = await start(64);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 5, maxLength: 300 }), async (bytes) => {
        const header = new Uint8Array(4);
        new DataView(header.buffer).setUint32(0, bytes.byteLength);
        const before = refused.length;
        await speak(path, hello, header, bytes, new Uint8Array([0xff, 0xff, 0xff, 0xff]));
        expect(refused.length).toBeGreaterThan(before);
      }),
      { numRuns: 60 },
    );
    const client = await dial(path);
    expect((await client.request('add', { a: 1, b: 2 })).sum).toBe(3);
    client.close();
  });

  it('replaces an old socket and never a file', async () => {
    const path = await start();
    await server.close();
    await writeFile(path, 'mine');
    await expect(start()).rejects.toMatchObject({ code: 'IPC_PATH_REFUSED' });
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('is not used by a client when others could have put it there', async () => {
    const path = await start();
    await chmod(folder, 0o777);
    await expect(dial(path)).rejects.toMatchObject({ code: 'IPC_PEER_REFUSED' });
  });

  it.each([
    ['cuts the greeting', (socket: Socket): void => void socket.destroy(), 'IPC_CLOSED'],
    [
      'greets in another form',
      (socket: Socket): void => void socket.write(encodeFrame({ id: 1, result: { hello: 7 } })),
      'IPC_MESSAGE_MALFORMED',
    ],
    [
      'refuses the greeting',
      (socket: Socket): void => void socket.write(encodeFrame({ id: 1, error: { code: 'IPC_PROTOCOL_MISMATCH', message: 'no' } })),
      'IPC_PROTOCOL_MISMATCH',
    ],
  ] as const)('one that %s is a failure of connecting alone, and leaves no socket open', async (_how, answer, code) => {
    const path = join(folder, 'rude.sock');
    const gone: Promise<unknown>[] = [];
    const rude = createServer((socket) => {
      socket.on('error', () => undefined);
      gone.push(new Promise((resolve) => socket.once('close', resolve)));
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => rude.listen(path, resolve));
    let ends = 0;
    const onClosed = (): void => {
      ends += 1;
    };
    await expect(
      connect({ boundary: testBoundary, path, build: 'test/1', events: { tick: () => undefined }, onClosed }),
    ).rejects.toMatchObject({ code });
    await Promise.all(gone);
    await new Promise((resolve) => rude.close(resolve));
    expect([gone.length, ends]).toEqual([1, 0]);
  });

  it('says so when nobody listens', async () => {
    await expect(dial(join(folder, 'none.sock'))).rejects.toMatchObject({ code: 'IPC_CLOSED' });
  });

  it('does not send more than the frame limit', async () => {
    const client = await dial(await start());
    await expect(client.request('fail', { how: 'x'.repeat(FRAME_LIMIT) })).rejects.toMatchObject({ code: 'IPC_FRAME_TOO_LARGE' });
    client.close();
  });
});

describe('a boundary that carries more than a frame', () => {
  const LIMIT = 1024 * 1024;
  const wide = boundary({
    name: 'wide',
    protocol: 1,
    requestLimit: LIMIT,
    requests: {
      hello: { params: Type.Object({ protocol: Type.Integer(), build: Type.String() }), result: Type.Object({}) },
      put: { params: Type.Object({ text: Type.String() }), result: Type.Object({ length: Type.Integer() }) },
    },
    events: {},
  });

  it('takes requests up to its own limit and no further; answers keep the usual one', async () => {
    const path = join(folder, 'wide.sock');
    const own = await listen({
      boundary: wide,
      path,
      limit: 1,
      admit: () => ({ admitted: true, peer: self }),
      onRefused: (refusal) => refused.push(refusal),
      onFault: (method) => faults.push(method),
      handlers: { hello: () => ({}), put: ({ text }) => ({ length: text.length }) },
    });
    const client = await connect({ boundary: wide, path, build: 'test/1', events: {} });
    const most = LIMIT - 200;
    expect(await client.request('put', { text: 'x'.repeat(most) })).toEqual({ length: most });
    await expect(client.request('put', { text: 'x'.repeat(LIMIT) })).rejects.toMatchObject({ code: 'IPC_FRAME_TOO_LARGE' });
    expect(most).toBeGreaterThan(FRAME_LIMIT);
    client.close();
    await own.close();
  });

  it('the syncer can hand over the staff of the largest ward that the contract allows', () => {
    const person: Person = {
      id: 'anneliese.von-wolkenstein',
      displayName: 'Anneliese von Wolkenstein-Trostburg',
      givenName: 'Anneliese',
      initials: 'AW',
      role: 'intensive-care-nurse',
      badges: ['a'.repeat(64), 'b'.repeat(64)],
      pin: { salt: 'A'.repeat(24), memoryKiB: 19_456, passes: 2, lanes: 1, output: 'A'.repeat(44), digits: 6 },
      validFrom: '2026-01-01T00:00:00Z',
      validUntil: '2027-01-01T00:00:00Z',
      revoked: false,
    };
    const people = 5_000;
    const base64 = (bytes: number): number => Math.ceil(bytes / 3) * 4;
    // The document in its envelope, the envelope sealed, the seal in its request: base64 three times.
    const request = base64(base64(base64(JSON.stringify(person).length * people)));
    expect(request).toBeLessThan(SYNC_REQUEST_LIMIT);
  });
});
