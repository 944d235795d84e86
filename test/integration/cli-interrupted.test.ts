/** Ctrl+C while a file is being written: the command ends as a shell expects it, and nothing half written is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { consolePaths } from '../../contract/console-api.ts';
import { openSite } from '../../server/compose.ts';
import { openAuthority } from '../../server/site/authority.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
/** A command that has not ended by then hangs. */
const LIMIT_MS = 30_000;
const ROWS = 400_000;
let folder: string;
let server: Server;
let child: ChildProcess | null;

/** A console that lets anybody in, and whose export never ends. */
beforeEach(async () => {
  child = null;
  folder = mkdtempSync(join(tmpdir(), 'wardlock-interrupted-'));
  const now = Date.now();
  const { authority } = await openAuthority(join(folder, 'site'), 'site', now);
  const { certificate, key } = await authority.serverIdentity('console', ['127.0.0.1'], now);
  server = createServer({ cert: certificate, key }, (request, response) => {
    if (request.url?.startsWith(consolePaths.exportLog) === true) response.write('{"kind":"export"}\n');
    else response.setHeader('set-cookie', 'session=1').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  writeFileSync(join(folder, 'password'), 'another horse battery');
});
afterEach(() => {
  child?.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('an export that %s ends leaves no part of the record', async (signal, code) => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const out = join(folder, 'export.jsonl');
  const who = ['--server', `https://127.0.0.1:${port}`, '--ca', join(folder, 'site', 'ca.pem'), '--account', 'iris'];
  const what = ['--seat', 'Bay 4', '--from', '2026-01-01T00:00:00Z', '--to', '2026-01-02T00:00:00Z', '--out', out];
  child = spawn(process.execPath, [MAIN, 'audit', 'export', ...who, '--password-file', join(folder, 'password'), ...what]);
  const ended = once(child, 'exit');
  await vi.waitFor(() => expect(existsSync(`${out}.part`)).toBe(true), { timeout: LIMIT_MS });
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(readdirSync(folder).sort()).toEqual(['password', 'site']);
});

test('a backup that Ctrl+C ends leaves nothing under any name', async () => {
  const state = join(folder, 'server');
  await (await openSite({ stateFolder: state, database: null, tenant: null })).close();
  // Enough that it is still being written when the signal comes.
  const db = new Database(join(state, 'wardlock.db'));
  db.prepare(
    "insert into settings with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select 'k' || i, hex(randomblob(32)) from n",
  ).run(ROWS);
  db.close();
  child = spawn(process.execPath, [MAIN, 'server', 'backup', join(folder, 'today.backup'), '--state', state]);
  const ended = once(child, 'exit');
  const parts = (): readonly string[] => readdirSync(folder).filter((name) => name.includes('today.backup'));
  await vi.waitFor(() => expect(parts()).toHaveLength(1), { timeout: LIMIT_MS });
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(parts()).toEqual([]);
});
