import { expect, test } from 'vitest';
import { openOperationalLog } from '../operational-log.ts';
import { openRefusedPeers } from '../services/refused-peers.ts';
import { newApp } from './app.ts';
import { limitInHand } from './load-limit.ts';

test('past the limit the answer is 429 with Retry-After; a place is free once an answer is ready, whatever it says', async () => {
  const noLog = { append: () => Promise.resolve(), firstFault: () => Promise.resolve(null) };
  const peers = openRefusedPeers(noLog, Date.now, () => {});
  const app = newApp(null, { operational: openOperationalLog('test'), refused: peers });
  let refused = 0;
  const waiting: ((fails: boolean) => void)[] = [];
  app.put(
    '/work',
    {
      ...limitInHand(2, () => {
        refused += 1;
      }),
    },
    async () => {
      if (await new Promise<boolean>((go) => waiting.push(go))) throw new TypeError('broken');
      return {};
    },
  );
  const put = () => app.inject({ method: 'PUT', url: '/work' });
  const inHand = [put(), put()];
  while (waiting.length < 2) await new Promise((next) => setImmediate(next));
  const third = await put();
  expect([third.statusCode, third.json<{ code: string }>().code]).toEqual([429, 'SERVER_TOO_MANY']);
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused).toBe(1);
  waiting[0]?.(true);
  expect((await inHand[0])?.statusCode).toBe(500);
  const fourth = put();
  while (waiting.length < 3) await new Promise((next) => setImmediate(next));
  for (const go of waiting) go(false);
  expect((await fourth).statusCode).toBe(200);
  expect((await inHand[1])?.statusCode).toBe(200);
  await app.close();
});
