/**
 * Close-out of an emergency access from the seat's record to the server's log: a real seat records it, a real server indexes it, and
 * an auditor finds and closes it out by command and by the API.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../../cli/https.ts';
import type { Me } from '../../contract/console-api.ts';
import type { EmergencyList } from '../../contract/emergencies.ts';
import { testPolicy } from '../support/policy.ts';
import { type SeatDouble, startSeat } from '../support/seat-double.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

const PASSWORD = 'correct horse battery';
const session = 'b'.repeat(32);
let folder: string;
let server: ServerProcess;
let seat: SeatDouble;
let where: readonly string[];

function publicKey(path: string): string {
  const file: { publicKey: string } = JSON.parse(readFileSync(`${path}.pub`, 'utf8'));
  return file.publicKey;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-close-out-'));
  for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
  server = await startServer(folder, { more: ['--reader-key', join(folder, 'reader.key')] });
  await cli(['account', 'add', 'iris', '--state', server.state], `${PASSWORD}\n`);
  const keys = { reader: publicKey(join(folder, 'reader.key')), escrow: publicKey(join(folder, 'escrow.key')) };
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify(testPolicy(1, keys)));
  const trusted = ['--server', server.ready.console, '--ca', server.ready.ca];
  await cli(['policy', 'publish', file, ...trusted, '--key', join(folder, 'policy.key')]);
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
  where = [...trusted, '--account', 'iris', '--password-file', join(folder, 'password')];
  seat = await startSeat(await mkdtemp(join(folder, 'seat-')), {
    readerPublicKey: Buffer.from(keys.reader, 'base64'),
    escrowPublicKey: Buffer.from(keys.escrow, 'base64'),
  });
  const token = await newToken(server.state);
  await until(() => {
    try {
      seat.enrol(server.ready.seats, token);
      return true;
    } catch {
      return false;
    }
  });
  await until(() => seat.enrolment);
});
afterAll(async () => {
  await seat.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const indexed = (condition: string): Promise<unknown> =>
  until(() => rows(server.state, `select * from indexed_sessions where session_id = ? and ${condition}`, session).length > 0);
const close = (finding: string, ...more: string[]) => cli(['emergency', 'close', session, ...where, '--finding', finding, ...more]);

test('an auditor closes one out after it ended, with their name in the log; nobody else does, nor one that goes on', async () => {
  const started = { session, person: null, reason: 'code-blue', note: 'bay 3', limitSeconds: 900, policyVersion: 1 };
  seat.append([{ type: 'breakglass.started', body: started }]);
  await indexed('ended_at is null');
  expect(await cli(['emergency', 'list', ...where])).toMatch(
    new RegExp(`^${session} {2}Bay 4, \\S+Z, no end yet\\n {2}nobody named: code-blue \\("bay 3"\\)\\n$`),
  );
  await expect(close('justified')).rejects.toThrow(/SERVER_EMERGENCY_RUNNING/);
  seat.append([{ type: 'breakglass.ended', body: { session, person: null, reason: 'limit' } }]);
  await indexed('ended_at is not null');
  await expect(close('not-justified')).rejects.toThrow(/SERVER_EMERGENCY_UNEXPLAINED/);
  await expect(close('fine')).rejects.toThrow(/not-justified/);

  const request = (method: 'GET' | 'POST', path: string, headers: Record<string, string>, body?: object) =>
    call({
      method,
      url: new URL(path, server.ready.console),
      caFile: server.ready.ca,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const signedIn = await request('POST', '/api/sign-in', {}, { name: 'iris', password: PASSWORD });
  const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const { csrf }: Me = JSON.parse((await request('GET', '/api/me', { cookie })).body.toString());
  const proven = { cookie, 'x-wardlock-csrf': csrf };
  const path = `/api/emergencies/${seat.workstationId}/${session}/close`;
  const justified = { finding: 'justified', note: '' };
  await expect(request('GET', '/api/emergencies', {})).rejects.toMatchObject({ code: 'SERVER_SIGN_IN_NEEDED' });
  await expect(request('POST', path, {}, justified)).rejects.toMatchObject({ code: 'SERVER_SIGN_IN_NEEDED' });
  await expect(request('POST', path, { cookie }, justified)).rejects.toMatchObject({ code: 'SERVER_CROSS_SITE' });
  const unknown = request('POST', path, proven, { ...justified, finding: 'fine' });
  await expect(unknown).rejects.toMatchObject({ code: 'SERVER_REQUEST_MALFORMED' });
  const database = new Database(join(server.state, 'wardlock.db'));
  const setRole = database.prepare("update accounts set role = ? where name = 'iris'");
  setRole.run('visitor');
  await expect(request('POST', path, proven, justified)).rejects.toMatchObject({ code: 'SERVER_ROLE_MISSING' });
  setRole.run('auditor');
  database.close();

  expect(await close('not-justified', '--note', 'Nobody called for help.')).toContain('closed out by iris: not justified');
  await expect(request('POST', path, proven, justified)).rejects.toMatchObject({ code: 'SERVER_EMERGENCY_CLOSED' });
  expect(await cli(['emergency', 'list', ...where])).toBe('No emergency access waits for its close-out.\n');
  const closed: EmergencyList = JSON.parse(await cli(['emergency', 'list', '--closed', '--json', ...where]));
  const closeOut = { finding: 'not-justified', note: 'Nobody called for help.', by: 'iris' };
  expect(closed).toMatchObject({ open: 0, emergencies: [{ session, seat: 'Bay 4', endReason: 'limit', closeOut }] });
  const log = rows<{ actor: string; body: string }>(server.state, "select * from server_events where type = 'emergency.closed'");
  expect(log).toMatchObject([{ actor: 'iris' }]);
  expect(JSON.parse(log[0]?.body ?? '')).toMatchObject({ workstation: seat.workstationId, session, finding: 'not-justified' });
  const reads = rows(server.state, "select * from server_events where type = 'audit.read' and body like '%emergencies%'");
  expect(reads.length).toBeGreaterThan(2);
});
