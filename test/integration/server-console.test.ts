/**
 * The auditor's way with a real server: accounts, the reader's index, sessions by person, seat and time, stories, and that
 * each read is recorded. Requests go over real HTTPS with the site's own authority.
 */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlarmList, Me, SessionRow, Story } from '../../contract/console-api.ts';
import { raiseAlarm } from '../../server/services/alarms.ts';
import { openStore } from '../../server/store/open.ts';
import { publishPolicy, type ReadSite, startReadSite } from '../support/read-site.ts';
import { cli, rows, until } from '../support/server-process.ts';

let folder: string;
let server: ReadSite['server'];
let seat: ReadSite['seat'];
let auditor: ReadSite['auditor'];
let remove: ReadSite['remove'];
const session = 'a'.repeat(32);
const second = 'b'.repeat(32);

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookie: string;
}

function call(
  method: string,
  path: string,
  options: { readonly cookie?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const headers = {
      ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    };
    const outgoing = request(new URL(path, server.ready.console), { method, headers, ca: readFileSync(server.ready.ca) }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: text, cookie: incoming.headers['set-cookie']?.[0] ?? '' }),
      );
    });
    outgoing.on('error', reject).end(body);
  });
}

async function signIn(): Promise<string> {
  const answer = await call('POST', '/api/sign-in', { body: auditor });
  expect(answer.status).toBe(200);
  return answer.cookie.split(';')[0] ?? '';
}

beforeAll(async () => {
  ({ folder, server, seat, auditor, remove } = await startReadSite(async (site) => {
    expect(await cli(['staff', 'add', 'n.ada', '--state', site.server.state, '--name', 'Ada Reyes', '--role', 'nurse'])).toMatch(
      /^n\.ada is on the staff list and can not sign in yet: there is no PIN\. /,
    );
    await publishPolicy(site);
  }));
  seat.append([
    {
      type: 'session.started',
      body: { session, person: 'n.ada', role: 'nurse', factors: ['badge', 'pin'], policyVersion: 1, replaces: null },
    },
    { type: 'session.unlocked', body: { session, person: 'n.ada', factors: ['badge', 'pin'] } },
    { type: 'app.launched', body: { session, app: 'web', sha256: null, rule: 'role/nurse', policyVersion: 1, mode: 'enforced' } },
    { type: 'app.refused', body: { session, app: 'solitaire', reason: 'not-in-policy', code: 'LAUNCH_APP_UNKNOWN' } },
  ]);
  seat.newEpoch();
  seat.append([
    { type: 'policy.applied', body: { version: 2, sha256: '0'.repeat(64), replaces: 1 } },
    { type: 'session.ended', body: { session, person: 'n.ada', reason: 'logout' } },
    {
      type: 'breakglass.started',
      body: { session: second, person: null, reason: 'emergency', note: '', limitSeconds: 900, policyVersion: 2 },
    },
  ]);
  await until(() => seat.receiptedSize === seat.size);
  await until(() => rows(server.state, 'select * from index_cursors where next_seq = ?', seat.size).length > 0);
});
afterAll(() => remove());

describe('alarms', () => {
  const raise = async (kind: string): Promise<void> => {
    const store = await openStore(`sqlite:${join(server.state, 'wardlock.db')}`);
    await raiseAlarm(store.db, { workstationId: seat.workstationId, kind, detail: 'Look at it.', at: Date.now() });
    await store.close();
  };
  const standing = async (cookie: string): Promise<AlarmList['alarms']> => {
    const { alarms }: AlarmList = JSON.parse((await call('GET', '/api/alarms', { cookie })).body);
    return alarms;
  };
  const acknowledged = () =>
    rows<{ actor: string; body: string }>(
      server.state,
      "select actor, body from server_events where type = 'alarm.acknowledged' order by seq",
    );

  test('an auditor acknowledges what they saw, with their name in the log; nobody else, nothing by another site, nothing unseen', async () => {
    await raise('SEAT_SILENT');
    const cookie = await signIn();
    const { csrf }: Me = JSON.parse((await call('GET', '/api/me', { cookie })).body);
    const [alarm] = await standing(cookie);
    expect(alarm).toMatchObject({ seat: 'Bay 4', kind: 'SEAT_SILENT', detail: 'Look at it.', times: 1 });
    const send = (times: number, headers: Record<string, string>) =>
      call('POST', `/api/alarms/${alarm?.id}/acknowledge`, { cookie, body: { times }, headers });
    const refused = async (answer: Promise<Answer>): Promise<unknown[]> => {
      const { status, body } = await answer;
      const { code }: { code: string } = JSON.parse(body);
      return [status, code];
    };
    const proven = { 'x-wardlock-csrf': csrf };
    expect(await refused(call('POST', `/api/alarms/${alarm?.id}/acknowledge`, { body: { times: 1 } }))).toEqual([
      401,
      'SERVER_SIGN_IN_NEEDED',
    ]);
    expect(await refused(send(1, {}))).toEqual([403, 'SERVER_CROSS_SITE']);
    expect(await refused(send(1, { ...proven, 'sec-fetch-site': 'cross-site' }))).toEqual([403, 'SERVER_CROSS_SITE']);
    expect(await refused(send(7, proven))).toEqual([409, 'SERVER_ALARM_MOVED']);
    const database = new Database(join(server.state, 'wardlock.db'));
    const setRole = database.prepare("update accounts set role = ? where name = 'iris'");
    setRole.run('visitor');
    expect(await refused(send(1, proven))).toEqual([403, 'SERVER_ROLE_MISSING']);
    setRole.run('auditor');
    database.close();
    expect([await standing(cookie), acknowledged()]).toEqual([[alarm], []]);
    expect((await send(1, proven)).status).toBe(200);
    expect(await standing(cookie)).toEqual([]);
    expect(acknowledged()).toMatchObject([{ actor: 'iris' }]);
    expect(JSON.parse(acknowledged()[0]?.body ?? '')).toMatchObject({
      alarm: alarm?.id,
      kind: 'SEAT_SILENT',
      workstation: seat.workstationId,
    });
    expect(await refused(send(1, proven))).toEqual([404, 'SERVER_NOT_FOUND']);
  });

  test('on the server machine they are listed and acknowledged by command, and stand up when they happen again', async () => {
    await raise('PIN_GUESSED');
    const listed = await cli(['server', 'alarms', '--state', server.state]);
    const [, id = ''] = /^PIN_GUESSED: 1 of 1 place\n {2}([0-9a-f]{32}) {2}Bay 4, \S+Z\n {4}Look at it\.$/m.exec(listed) ?? [];
    expect(id).not.toBe('');
    expect(await cli(['server', 'alarms', 'acknowledge', id, '--by', 'Kim from IT', '--state', server.state])).toContain('PIN_GUESSED');
    expect(acknowledged().at(-1)).toMatchObject({ actor: 'Kim from IT' });
    expect(await cli(['server', 'alarms', '--state', server.state])).toBe('No alarm stands.\n');
    await expect(cli(['server', 'alarms', 'acknowledge', id, '--state', server.state])).rejects.toThrow(/SERVER_NOT_FOUND/);
    await raise('PIN_GUESSED');
    const again: AlarmList = JSON.parse(await cli(['server', 'alarms', '--json', '--state', server.state]));
    expect(again.alarms).toMatchObject([{ id, times: 2 }]);
    await cli(['server', 'alarms', 'acknowledge', id, '--state', server.state]);
    const events = ['server', 'events', '--type', 'alarm.acknowledged', '--state', server.state];
    expect(await cli([...events, '--by', 'Kim from IT'])).toMatch(
      /^\S+Z {2}#\d+ {2}alarm\.acknowledged by Kim from IT: alarm [0-9a-f]{32}, .*kind PIN_GUESSED/,
    );
    expect(await cli([...events, '--limit', '1'])).toMatch(/^Older ones fit too: .*\n\S+Z .*\n$/);
    expect(await cli([...events, '--to', '2020-01-01T00:00:00Z'])).toBe('Nothing that fits is recorded.\n');
    await expect(cli([...events, '--limit', 'all'])).rejects.toThrow(/START_USAGE/);
  });
});

describe('signing in', () => {
  test('without a session nothing of the record is shown', async () => {
    for (const path of ['/api/me', '/api/sessions', '/api/seats', `/api/sessions/${seat.workstationId}/${session}`, '/api/alarms']) {
      const answer = await call('GET', path);
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'SERVER_SIGN_IN_NEEDED' });
    }
  });

  test('a wrong password and an unknown name are one answer; the right one sets a cookie that scripts and other sites cannot use', async () => {
    const wrong = await call('POST', '/api/sign-in', { body: { name: 'iris', password: 'wrong' } });
    const unknown = await call('POST', '/api/sign-in', { body: { name: 'nobody', password: 'wrong' } });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body).toBe(unknown.body);
    const right = await call('POST', '/api/sign-in', { body: auditor });
    expect(right.cookie).toMatch(/^__Host-wardlock=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(
      rows<{ id_sha256: string }>(server.state, 'select * from console_sessions').every(
        ({ id_sha256 }) => !right.cookie.includes(id_sha256),
      ),
    ).toBe(true);
  });

  test('what another site starts is refused; signing out needs the CSRF token and ends the session', async () => {
    const cookie = await signIn();
    expect((await call('GET', '/api/me', { cookie, headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    const me: { csrf: string } = JSON.parse((await call('GET', '/api/me', { cookie })).body);
    expect((await call('POST', '/api/sign-out', { cookie })).status).toBe(403);
    expect((await call('POST', '/api/sign-out', { cookie, headers: { 'x-wardlock-csrf': me.csrf } })).status).toBe(200);
    expect((await call('GET', '/api/me', { cookie })).status).toBe(401);
  });
});

describe('the record', () => {
  let cookie: string;
  let asAuditor: readonly string[];
  beforeAll(async () => {
    cookie = await signIn();
    await writeFile(join(folder, 'password'), `${auditor.password}\n`);
    const { console: address, ca } = server.ready;
    asAuditor = ['--server', address, '--ca', ca, '--account', auditor.name, '--password-file', join(folder, 'password')];
  });

  test('sessions are found by person, by seat and by time, and not outside of them', async () => {
    const found = async (query: string): Promise<string[]> => {
      const answer = await call('GET', `/api/sessions?${query}`, { cookie });
      expect(answer.status).toBe(200);
      const list: { sessions: SessionRow[] } = JSON.parse(answer.body);
      return list.sessions.map((row) => row.session).sort();
    };
    const [past, future] = ['2001-01-01T00:00:00Z', '2099-01-01T00:00:00Z'];
    expect(await found('')).toEqual([session, second]);
    expect(await found('person=n.ada')).toEqual([session]);
    expect(await found('person=n.eve')).toEqual([]);
    expect(await found(`seat=${encodeURIComponent('Bay 4')}`)).toEqual([session, second]);
    expect(await found('seat=Bay')).toEqual([]);
    expect(await found(`from=${past}&to=${future}`)).toEqual([session, second]);
    expect(await found(`from=${past}&to=2001-01-02T00:00:00Z`)).toEqual([]);
    expect(await found(`from=2098-01-01T00:00:00Z&to=${future}`)).toEqual([second]);
    expect((await call('GET', '/api/sessions?person=%27%20or%201', { cookie })).status).toBe(400);
  });

  test('a story has every event in words, the policy that ruled it, and no hole', async () => {
    const answer = await call('GET', `/api/sessions/${seat.workstationId}/${session}`, { cookie });
    const story: Story = JSON.parse(answer.body);
    expect(story.events.map(({ type }) => type)).toEqual([
      'session.started',
      'session.unlocked',
      'app.launched',
      'app.refused',
      'record.epoch',
      'policy.applied',
      'session.ended',
    ]);
    expect(story.events[0]?.says).toBe('Ada Reyes signed in as nurse with badge and pin.');
    expect(story.events.every(({ proof }) => proof === 'verified')).toBe(true);
    expect(story.gaps).toEqual([]);
    expect(story.policySays).toMatch(/Policy version 1 ruled this session from its start\. Policy version 2 took over from 1/);
    expect(story.session).toMatchObject({ personName: 'Ada Reyes', seat: 'Bay 4', endReason: 'logout' });
  });

  test('each read is an event of the server log, which is whole', async () => {
    const count = (): number => rows(server.state, "select * from server_events where type = 'audit.read' and actor = 'iris'").length;
    const before = count();
    await call('GET', '/api/sessions?person=n.ada', { cookie });
    await call('GET', `/api/sessions/${seat.workstationId}/${session}`, { cookie });
    const reported = await call('GET', '/api/reports/wards?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z', { cookie });
    expect([reported.status, count()]).toEqual([200, before + 3]);
  });

  test('the report of the wards counts what happened at its seats, and names nobody', async () => {
    const said = await cli(['audit', 'wards', ...asAuditor]);
    const [, columns, , ward] = /^From .*\n(Ward +Seats +People.*)\n(.*\n)*?(ICU .*)\n/m.exec(said) ?? [];
    expect(columns?.split(/ {2,}/)).toEqual([
      ...['Ward', 'Seats', 'People', 'Sessions', 'Returns', 'PINs', 'PINs/shift'],
      ...['Warnings', 'Idle locks', 'Propped', 'Emergencies'],
    ]);
    expect(ward?.split(/ {2,}/)).toEqual(['ICU', '1', '1', '1', '1', '2', '2 (most 2)', '0', '0', '0', '1']);
    expect(said).not.toMatch(/ada/i);
    await expect(cli(['audit', 'wards', ...asAuditor, '--from', '2026-01-01T00:00:00Z', '--to', '2026-03-01T00:00:00Z'])).rejects.toThrow(
      /31 days at most/,
    );
  });

  test('an export is verified offline, key included, and a changed byte is named', async () => {
    const out = join(folder, 'export.jsonl');
    const when = ['--from', '2001-01-01T00:00:00Z', '--to', '2099-01-01T00:00:00Z'];
    await cli(['audit', 'export', ...asAuditor, '--seat', 'Bay 4', ...when, '--out', out]);
    const again = (...span: readonly string[]) => cli(['audit', 'export', ...asAuditor, '--seat', 'Bay 4', ...span, '--out', out]);
    await expect(again(...when)).rejects.toThrow(/It exists already, and an export is never overwritten\. \(START_USAGE\)/);
    await expect(again('--from', '2099-01-01T00:00:00Z', '--to', '2001-01-01T00:00:00Z')).rejects.toThrow(
      /--to 2001\S+ lies before --from 2099/,
    );
    const key = seat.enrolment?.mirrorKey ?? '';
    expect(await cli(['audit', 'verify', out, '--key', key])).toMatch(
      /^OK 9 entries of 1 logs, 7 events match what was sealed; log [0-9a-f]{16}: entries \d+ to \d+ of \d+ in the checkpoint, \S+Z to \S+Z, 0 undecrypted, (NOT YET IN THE LOG OF LOGS|log of logs not checked .*)\n$/,
    );
    await expect(cli(['audit', 'verify', out])).rejects.toMatchObject({ code: 2, stdout: expect.stringMatching(/^UNANCHORED: .*\n$/) });
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('app.launched');
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.includes('solitaire'));
    await writeFile(out, lines.map((line, index) => (index === at ? line.replace('solitaire', 'minesweep') : line)).join('\n'));
    await expect(cli(['audit', 'verify', out, '--key', key])).rejects.toMatchObject({
      stdout: expect.stringMatching(/EVENT_MISMATCH entry \d+/),
    });
    await writeFile(out, lines.slice(0, -2).join('\n'));
    await expect(cli(['audit', 'verify', out, '--key', key])).rejects.toMatchObject({
      stdout: expect.stringContaining('EXPORT_TRUNCATED'),
    });
    expect(rows(server.state, "select * from server_events where type = 'audit.exported' and actor = 'iris'").length).toBe(1);
  });

  test('the index is built again from verified bytes, a reader in a process of its own included', async () => {
    const said = await cli(['server', 'reindex', '--reader-key', join(folder, 'reader.key'), '--state', server.state]);
    expect(said).toContain(`${seat.size} entries indexed`);
    const story: Story = JSON.parse((await call('GET', `/api/sessions/${seat.workstationId}/${session}`, { cookie })).body);
    expect(story.events.length).toBe(7);
  });

  test('the wrong reader key opens nothing, and the story says so', async () => {
    await cli(['keys', 'new', 'reader', '--out', join(folder, 'other.key')]);
    const said = await cli(['server', 'reindex', '--reader-key', join(folder, 'other.key'), '--state', server.state]);
    expect(said).toMatch(
      /^\d+ entries indexed\. \d+ of them could NOT be opened with the keys given; `server alarms` names their seats\.\n$/,
    );
    expect(rows(server.state, "select * from indexed_events where type = 'record.unreadable'").length).toBeGreaterThan(0);
    expect(rows(server.state, 'select * from indexed_sessions')).toEqual([]);
    await cli(['server', 'reindex', '--reader-key', join(folder, 'reader.key'), '--state', server.state]);
  });
});
