/**
 * Close-out of an emergency access from the seat's record to the server's log: a real seat records it, a real server indexes it, and
 * an auditor finds and closes it out by command and by the API.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../../cli/https.ts';
import type { Me } from '../../contract/console-api.ts';
import type { EmergencyList } from '../../contract/emergencies.ts';
import { publishPolicy, type ReadSite, startReadSite, trusting } from '../support/read-site.ts';
import { cli, rows, until } from '../support/server-process.ts';

const session = 'b'.repeat(32);
let folder: string;
let server: ReadSite['server'];
let seat: ReadSite['seat'];
let auditor: ReadSite['auditor'];
let remove: ReadSite['remove'];
let where: readonly string[];

beforeAll(async () => {
  ({ folder, server, seat, auditor, remove } = await startReadSite(publishPolicy));
  await writeFile(join(folder, 'password'), `${auditor.password}\n`);
  where = [...trusting(server), '--account', auditor.name, '--password-file', join(folder, 'password')];
});
afterAll(() => remove());

const indexed = (condition: string): Promise<unknown> =>
  until(() => rows(server.state, `select * from indexed_sessions where session_id = ? and ${condition}`, session).length > 0);
const close = (finding: string, ...more: string[]) => cli(['emergency', 'close', session, ...where, '--finding', finding, ...more]);

test('an auditor closes one out after it ended, with their name in the log; nobody else does, nor one that goes on', async () => {
  const started = { session, person: null, reason: 'code-blue', note: 'bay 3', limitSeconds: 900, policyVersion: 1 };
  seat.append([
    { type: 'breakglass.started', body: started },
    { type: 'breakglass.witnessed', body: { session, person: 'n.ada' } },
  ]);
  await indexed('ended_at is null and last_seq > first_seq');
  expect(await cli(['emergency', 'list', ...where])).toMatch(
    new RegExp(`^${session} {2}Bay 4, \\S+Z, no end yet\\n {2}nobody named: code-blue \\("bay 3"\\)\\n {2}witnessed by badge: n.ada\\n$`),
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
  const signedIn = await request('POST', '/api/sign-in', {}, { name: 'iris', password: auditor.password });
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
