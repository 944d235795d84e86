/**
 * How far a seat enforces its policy, from a real agent over a real syncer to a real server: the list of seats says it in the
 * console's API and on the command line.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeatList } from '../../contract/console-api.ts';
import { isLinuxRoot } from '../support/root.ts';
import { SeatAndServer } from '../support/seat-and-server.ts';
import { cli } from '../support/server-process.ts';

const PASSWORD = 'correct horse battery';
/** The lane of the syncer tells it within its interval. */
const PATIENCE = { timeout: 90_000, interval: 500 };
let site: SeatAndServer;

beforeEach(async () => {
  site = await SeatAndServer.create();
});
afterEach(() => site.remove());

interface Answer {
  readonly body: string;
  readonly cookie: string;
}

function call(method: string, path: string, cookie = '', body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...(cookie === '' ? {} : { cookie }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const { console: address, ca } = site.server.ready;
    const outgoing = request(new URL(path, address), { method, headers, ca: readFileSync(ca) }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ body: text, cookie: incoming.headers['set-cookie']?.[0]?.split(';')[0] ?? '' }));
    });
    outgoing.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test('the list of seats names the mode of each and the layers that it lacks', async () => {
  await site.seat.start();
  site.startSyncer();
  await site.enrol();
  await cli(['account', 'add', 'iris', '--state', site.server.state], `${PASSWORD}\n`);
  const { cookie } = await call('POST', '/api/sign-in', '', { name: 'iris', password: PASSWORD });
  const told = async (): Promise<unknown> => {
    const { seats } = Value.Parse(SeatList, JSON.parse((await call('GET', '/api/seats', cookie)).body));
    return seats[0]?.enforcement;
  };
  // Without users for applications an agent of root starts nothing; one of another user can not enforce.
  const mode = isLinuxRoot ? 'refusing' : 'degraded.no-root';
  await expect.poll(told, PATIENCE).toMatchObject({ mode, missing: expect.arrayContaining(['app-user']) });
  const listed = await cli(['seat', 'list', '--state', site.server.state]);
  expect(listed).toContain(`enrolled ${mode}, without app-user`);
});
