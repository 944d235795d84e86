/**
 * What a server says on its operational log and in its metrics while people use it and things go wrong: codes and routes, never
 * a person, a badge, a PIN, a password, a token or what somebody searched for.
 */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consolePaths } from '../../contract/console-api.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { FaultServer } from '../support/fault-server.ts';
import { cli, newToken, until } from '../support/server-process.ts';

const SECRETS = ['Zebedee', 'Quill', '04DEADBEEF', '837264', 'zq.quill', 'correct horse battery', 'wrong horse battery', 'Mrs Patient'];
let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.end());

async function ask(
  base: string,
  method: string,
  path: string,
  body?: string,
  cookie = '',
): Promise<{ status: number; body: string; cookie: string }> {
  const agent = new Agent({ ca: await readFile(server.ready.ca), keepAlive: false });
  return new Promise((done, fail) => {
    const headers = { 'content-type': 'application/json', cookie };
    const call = request(`${base}${path}`, { method, agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () =>
        done({ status: answer.statusCode ?? 0, body: text, cookie: (answer.headers['set-cookie'] ?? []).join(';').split(';')[0] ?? '' }),
      );
    });
    call.on('error', fail);
    call.end(body);
  });
}

test('names, badges, PINs, passwords, tokens and searches are in no operational log and no metric', async () => {
  const { state, ready } = server;
  await cli(
    ['staff', 'add', 'zq.quill', '--state', state, '--name', 'Zebedee Quill', '--role', 'nurse', '--badge', '04DEADBEEF', '--pin-stdin'],
    '837264\n',
  );
  await cli(['account', 'add', 'zq.quill', '--state', state], 'correct horse battery\n');
  const token = await newToken(state, 'Mrs Patient');
  const signIn = (password: string) => ask(ready.console, 'POST', consolePaths.signIn, JSON.stringify({ name: 'zq.quill', password }));
  expect((await signIn('wrong horse battery')).status).toBe(401);
  const { cookie, status } = await signIn('correct horse battery');
  expect(status).toBe(200);
  const search = (): ReturnType<typeof ask> =>
    ask(ready.console, 'GET', `${consolePaths.sessions}?person=zq.quill&seat=Mrs%20Patient`, undefined, cookie);
  expect((await search()).status).toBe(200);
  await ask(ready.console, 'GET', '/api/Zebedee/Quill/837264');
  await ask(ready.console, 'POST', consolePaths.policy, '{"Zebedee":"Quill 04DEADBEEF"}');
  await ask(ready.seats, 'POST', seatPaths.enrol, JSON.stringify({ secret: token, claim: 'Zebedee Quill' }));
  // Now the database breaks under it, and every error comes with the statement that failed.
  const database = new Database(join(state, 'wardlock.db'));
  database.exec('pragma foreign_keys = off; drop table indexed_sessions; drop table accounts');
  database.close();
  expect((await search()).status).toBeGreaterThanOrEqual(500);
  expect((await signIn('correct horse battery')).status).toBeGreaterThanOrEqual(500);
  await until(() => server.said().includes('request failed'));
  const metrics = (await ask(ready.console, 'GET', consolePaths.metrics)).body;
  expect(metrics).toContain('wardlock_request_seconds_count');
  for (const said of [server.said(), metrics]) {
    for (const secret of [...SECRETS, token, token.replaceAll('-', '').slice(0, 16)])
      expect([secret, said.includes(secret)]).toEqual([secret, false]);
  }
  for (const line of server.said().trim().split('\n')) expect(() => void JSON.parse(line)).not.toThrow();
});
