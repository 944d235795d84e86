import { connect, type Socket } from 'node:net';
import Fastify, { type FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { openOperationalLog } from '../operational-log.ts';
import { openRefusedPeers } from '../services/refused-peers.ts';
import { newApp } from './app.ts';
import { limitInHand } from './load-limit.ts';

const noLog = {
  append: () => Promise.resolve(),
  firstFault: () => Promise.resolve(null),
  read: () => Promise.reject(new Error('not read here')),
};
const parts = {
  operational: openOperationalLog('test'),
  refused: openRefusedPeers(noLog, () => {}),
  now: Date.now,
};
const whose = (request: FastifyRequest): string => String(request.headers['x-seat']);

/** An app whose work waits until the test lets it go, and a request to it of a seat. */
function busyApp(most: number, mostOfOne: number) {
  const app = newApp(null, parts);
  const refused: string[] = [];
  const waiting: ((fails: boolean) => void)[] = [];
  app.put('/work', { ...limitInHand({ most, mostOfOne, whose, onRefused: () => refused.push('one') }) }, async () => {
    if (await new Promise<boolean>((go) => waiting.push(go))) throw new TypeError('broken');
    return {};
  });
  const put = (seat: string) => app.inject({ method: 'PUT', url: '/work', headers: { 'x-seat': seat } });
  const inWork = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise((next) => setImmediate(next));
  };
  return { app, put, waiting, inWork, refused };
}

test('past the limit the answer is 429 with Retry-After; a place is free once an answer is ready, whatever it says', async () => {
  const { app, put, waiting, inWork, refused } = busyApp(2, 2);
  const inHand = [put('a'), put('b')];
  await inWork(2);
  const third = await put('c');
  expect([third.statusCode, third.json<{ code: string }>().code]).toEqual([429, 'SERVER_TOO_MANY']);
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused).toHaveLength(1);
  waiting[0]?.(true);
  expect((await inHand[0])?.statusCode).toBe(500);
  const fourth = put('c');
  await inWork(3);
  for (const go of waiting) go(false);
  expect((await fourth).statusCode).toBe(200);
  expect((await inHand[1])?.statusCode).toBe(200);
  await app.close();
});

test('one seat holds its own few places and never all: what it asks beyond is refused, another seat is served', async () => {
  const { app, put, waiting, inWork } = busyApp(8, 2);
  const held = [put('greedy'), put('greedy')];
  await inWork(2);
  for (let at = 0; at < 8; at += 1) expect((await put('greedy')).statusCode).toBe(429);
  const other = put('b');
  await inWork(3);
  waiting[0]?.(false);
  expect((await held[0])?.statusCode).toBe(200);
  const next = put('greedy');
  await inWork(4);
  for (const go of waiting) go(false);
  for (const one of [other, next, ...held]) expect((await one).statusCode).toBe(200);
  await app.close();
});

/** A server on a real socket with one place, which looks a peer up for as long as the test says before it asks for the place. */
async function slowToKnow() {
  const lookups: (() => void)[] = [];
  const lookUp = (): Promise<void> => new Promise((found) => lookups.push(found));
  const answered: string[] = [];
  const app = Fastify();
  app.addHook('onRequest', lookUp);
  app.put('/work', { ...limitInHand({ most: 1, mostOfOne: 1, whose, onRefused: () => undefined }) }, async (request) => {
    answered.push(whose(request));
    return {};
  });
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
  const say = (text: string): Promise<Socket> =>
    new Promise((said) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text, () => said(socket)));
    });
  const looking = async (count: number): Promise<void> => {
    while (lookups.length < count) await new Promise((next) => setImmediate(next));
  };
  const ends: Promise<unknown>[] = [];
  app.server.on('connection', (socket: Socket) => ends.push(new Promise((ended) => socket.once('close', ended))));
  /** The peer is gone, and the server has heard of it. */
  const leave = async (socket: Socket): Promise<void> => {
    socket.destroy();
    await Promise.all(ends);
  };
  return { app, lookups, answered, say, looking, leave };
}

const head = (seat: string, length: number): string =>
  `PUT /work HTTP/1.1\r\nhost: x\r\nx-seat: ${seat}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

test.each([
  ['whose body was whole', `${head('gone', 2)}{}`],
  ['whose body was not whole', `${head('gone', 2)}{`],
])('a peer %s and that leaves while it is looked up keeps no place', async (_case, text) => {
  const { app, lookups, answered, say, looking, leave } = await slowToKnow();
  const socket = await say(text);
  await looking(1);
  await leave(socket);
  lookups[0]?.();
  const next = await say(`${head('next', 2)}{}`);
  const [heard] = await Promise.all([
    new Promise<string>((done) => next.setEncoding('utf8').once('data', done)),
    looking(2).then(() => lookups[1]?.()),
  ]);
  expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  // Nothing is done for whoever has gone.
  expect(answered).toEqual(['next']);
  next.destroy();
  await app.close();
});

test('two requests on one connection that ends, one looked up and one with its place, both leave no place held', async () => {
  const { app, lookups, answered, say, looking, leave } = await slowToKnow();
  // The first is still looked up while the second has its place and waits for the rest of its body.
  const socket = await say(`${head('first', 2)}{}${head('second', 2)}{`);
  await looking(2);
  lookups[1]?.();
  await new Promise((next) => setImmediate(next));
  await leave(socket);
  lookups[0]?.();
  const next = await say(`${head('next', 2)}{}`);
  const [heard] = await Promise.all([
    new Promise<string>((done) => next.setEncoding('utf8').once('data', done)),
    looking(3).then(() => lookups[2]?.()),
  ]);
  expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  expect(answered).toEqual(['next']);
  next.destroy();
  await app.close();
});
