/** Who guesses tokens: as many as the limit says are looked at, however many come at once, and a fault of the server is no guess. */
import { afterEach, expect, test } from 'vitest';
import { seatPaths } from '../../contract/seat-api.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { openOperationalLog } from '../operational-log.ts';
import { openRefusedPeers } from '../services/refused-peers.ts';
import { type App, newApp } from './app.ts';
import { enrolRoute, FAILED_ENROLMENTS } from './enrol-route.ts';

const AT_ONCE = 100;
const payload = { secret: '0'.repeat(16), claim: 'AA==', signature: 'AA==', csr: 'AA==' };

let app: App;
afterEach(() => app.close());

function openApp(enrol: () => Promise<never>): void {
  const noLog = {
    append: () => Promise.resolve(),
    firstFault: () => Promise.resolve(null),
    read: () => Promise.reject(new Error('not read here')),
  };
  const refused = openRefusedPeers(noLog, () => {});
  app = newApp(null, { operational: openOperationalLog('test'), refused, now: () => 0 });
  const enrolments = {
    enrol,
    makeToken: () => Promise.reject(new Error('not made here')),
    renewalWait: () => Promise.resolve(0),
    renew: () => Promise.reject(new Error('not renewed here')),
  };
  enrolRoute(app, { enrolments, refused });
}

async function statuses(count: number): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      app.inject({ method: 'POST', url: seatPaths.enrol, payload, remoteAddress: `2001:db8::${(at + 1).toString(16)}` }),
    ),
  );
  for (const { statusCode, headers } of answers) if (statusCode === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  return answers.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b);
}

test('wrong tokens that come at once from one network count one by one', async () => {
  let looks = 0;
  openApp(async () => {
    looks += 1;
    await new Promise((next) => setImmediate(next));
    throw new WardlockError('ENROL_TOKEN_EXPIRED');
  });
  const expected = [...Array<number>(FAILED_ENROLMENTS).fill(403), ...Array<number>(AT_ONCE - FAILED_ENROLMENTS).fill(429)];
  expect(await statuses(AT_ONCE)).toEqual(expected);
  expect(looks).toBe(FAILED_ENROLMENTS);
});

test('what fails by the fault of the server is taken back', async () => {
  openApp(() => Promise.reject(new TypeError('broken')));
  for (let at = 0; at <= FAILED_ENROLMENTS; at += 1) expect(await statuses(1)).toEqual([500]);
});
