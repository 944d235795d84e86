import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { openOperationalLog } from '../operational-log.ts';
import { openRefusedPeers } from '../services/refused-peers.ts';
import { newApp } from './app.ts';
import { limitInHand } from './load-limit.ts';

/** An app whose work waits until the test lets it go, and a request to it of a seat. */
function busyApp(most: number, mostOfOne: number) {
  const noLog = {
    append: () => Promise.resolve(),
    firstFault: () => Promise.resolve(null),
    read: () => Promise.reject(new Error('not read here')),
  };
  const app = newApp(null, {
    operational: openOperationalLog('test'),
    refused: openRefusedPeers(noLog, Date.now, () => {}),
    now: Date.now,
  });
  const refused: string[] = [];
  const waiting: ((fails: boolean) => void)[] = [];
  const whose = (request: FastifyRequest): string => String(request.headers['x-seat']);
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
