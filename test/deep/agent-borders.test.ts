/**
 * What reaches a real agent from outside and must not pass: policies and staff that are not the site's, other users and
 * nonsense on its sockets. Each is refused by name, recorded, and leaves the seat as it was.
 */

import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processCgroup } from '../../agent/ipc/peercred.ts';
import { cliBoundary } from '../../contract/cli.ts';
import type { AuditEvent } from '../../contract/events.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';
import { encodeFrame, FrameDecoder } from '../../ipc/frames.ts';
import { rootTest } from '../support/root.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { SiteDouble } from '../support/site-double.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const run = promisify(execFile);

let seat: SeatProcess;
let syncer: BoundaryClient<SyncBoundary>;

beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

const bodies = (events: readonly AuditEvent[], type: AuditEvent['type']): unknown[] =>
  events.filter((event) => event.type === type).map((event) => event.body);

/** Everything that a peer is answered until the agent closes; the agent may need a moment to see that the former is gone. */
async function speak(path: string, ...frames: readonly Uint8Array[]): Promise<unknown[]> {
  const isFull = (heard: readonly unknown[]): boolean => JSON.stringify(heard).includes('IPC_TOO_MANY');
  return until(
    () => speakOnce(path, frames),
    (heard) => !isFull(heard),
  );
}

async function speakOnce(path: string, frames: readonly Uint8Array[]): Promise<unknown[]> {
  const socket = createConnection(path);
  const decoder = new FrameDecoder();
  const heard: unknown[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(...decoder.push(chunk)));
  socket.on('error', () => {});
  for (const frame of frames) socket.write(frame);
  await new Promise<void>((done) => socket.on('close', () => done()));
  return heard;
}

describe('a policy', () => {
  test('that is unsigned, older, empty, expired, broken or of another site is refused by name; the last good one stays', async () => {
    syncer = await seat.furnish([ada]);
    const { site } = seat;
    const offer = async (envelope: string) => syncer.request('policy', { envelope });
    expect(await offer(site.policy(site.document(5)))).toEqual({ outcome: 'applied', version: 5 });
    const text = JSON.stringify(site.document(6));
    const cases: readonly (readonly [string, string])[] = [
      [site.forgedPolicy(site.document(6)), 'POLICY_UNSIGNED'],
      [Buffer.from('not an envelope').toString('base64'), 'POLICY_UNSIGNED'],
      [site.policy(site.document(4)), 'POLICY_OLDER'],
      [site.policy(site.document(5, { helpdesk: 'other words' })), 'POLICY_OLDER'],
      [site.policy(site.document(6, { tenant: 'another' })), 'POLICY_WRONG_TENANT'],
      [site.policy(site.document(6, { expiresAt: '2026-02-01T00:00:00Z' })), 'POLICY_EXPIRED'],
      [site.policy(site.document(6, { apps: [], roles: [{ id: 'nurse', name: 'Nurse', apps: [] }] })), 'POLICY_EMPTY'],
      [site.policy(text.slice(0, -3)), 'POLICY_MALFORMED'],
      [site.policy(text.replace('"helpdesk"', '"helpdeks"')), 'POLICY_MALFORMED'],
      [site.policy(text.replace('"tenant":"site"', '"tenant":"site","tenant":"site"')), 'POLICY_MALFORMED'],
      [site.policy(site.document(6, { recipients: site.document(6).recipients.slice(0, 1) })), 'POLICY_MALFORMED'],
    ];
    for (const [envelope, code] of cases) {
      expect(await offer(envelope)).toMatchObject({ outcome: 'refused', code, message: expect.stringMatching(/\.$/) });
    }
    expect(await offer(site.policy(site.document(5)))).toEqual({ outcome: 'unchanged', version: 5 });
    const events = await seat.recordUntil(syncer, 'policy.refused', cases.length);
    expect(bodies(events, 'policy.refused')).toMatchObject(cases.map(([, code]) => ({ code, kept: 5 })));
    expect(bodies(events, 'policy.applied')).toMatchObject([
      { version: 1, replaces: 0 },
      { version: 5, replaces: 1 },
    ]);
    await seat.stop('SIGKILL');
    await seat.start();
    expect((await seat.screens()).view().truth.policy).toEqual({ state: 'active', version: 5 });
  });

  test('that comes in mid-session rules at once: what it no longer allows ends', async () => {
    syncer = await seat.furnish([ada]);
    const screens = await seat.screens();
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
    await screens.sees((view) => view.phase === 'open');
    await screens.client.request('launch', { appId: 'web' });
    const { apps } = seat.site.document(2);
    const other = apps.map((app) => ({ ...app, id: 'other' }));
    const change = {
      apps: other,
      roles: [{ id: 'nurse', name: 'Nurse', apps: ['other'] }],
      breakGlass: { ...seat.site.document(2).breakGlass, apps: ['other'] },
    };
    await syncer.request('policy', { envelope: seat.site.policy(seat.site.document(2, change)) });
    const view = await screens.sees((now) => now.apps[0]?.id === 'other');
    expect(view).toMatchObject({ phase: 'open', truth: { policy: { version: 2 } } });
    expect(screens.web).toEqual(['open web', 'close web']);
    expect(await seat.recordUntil(syncer, 'app.exited')).toContainEqual(expect.objectContaining({ type: 'policy.applied' }));
  });
});

describe('a staff directory', () => {
  test('that is not sealed to this seat, forged, older or of another site is refused by name', async () => {
    syncer = await seat.furnish([ada]);
    const { site } = seat;
    const offer = async (sealed: string) => syncer.request('directory', { sealed });
    expect(await offer(await site.directory(3, [ada]))).toEqual({ outcome: 'applied', version: 3 });
    const stranger = await SiteDouble.open(`${seat.folder}/stranger`);
    stranger.adopt(site);
    const cases: readonly (readonly [string, string])[] = [
      [Buffer.from('{}').toString('base64'), 'DIRECTORY_MALFORMED'],
      [await site.directory(4, [ada], { tenant: 'another' }), 'DIRECTORY_WRONG_TENANT'],
      [await site.directory(2, [ada]), 'DIRECTORY_OLDER'],
      [await stranger.directory(4, [ada]), 'DIRECTORY_UNSIGNED'],
      [
        (await site.directory(4, [ada])).replace(/^.{20}/, Buffer.from('{"enc":"AAAAAAA').toString('base64').slice(0, 20)),
        'DIRECTORY_UNSEALED',
      ],
    ];
    for (const [sealed, code] of cases) expect(await offer(sealed)).toMatchObject({ outcome: 'refused', code });
    const events = await seat.recordUntil(syncer, 'directory.refused', cases.length);
    expect(bodies(events, 'directory.refused')).toEqual(cases.map(([, code]) => ({ code, kept: 3 })));
    const screens = await seat.screens();
    await screens.sees(({ message }) => message?.key === 'staff.refused' && message.code === 'DIRECTORY_UNSEALED');
    expect(await offer(await site.directory(4, [ada]))).toMatchObject({ outcome: 'applied' });
    await screens.sees(({ phase, message }) => phase === 'locked' && message === null);
  });

  test('that revokes the person who sits there ends the session', async () => {
    syncer = await seat.furnish([ada]);
    const screens = await seat.screens();
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
    await screens.sees((view) => view.phase === 'open');
    await syncer.request('directory', { sealed: await seat.site.directory(2, [{ ...ada, change: { revoked: true } }]) });
    await screens.sees((view) => view.phase === 'locked' && view.kept === null);
    expect(await seat.recordUntil(syncer, 'session.ended')).toContainEqual(
      expect.objectContaining({ type: 'session.ended', body: expect.objectContaining({ reason: 'revoked' }) }),
    );
    await screens.client.request('badge', { number: ada.badge });
    expect((await screens.sees((view) => view.message !== null)).message).toMatchObject({ key: 'badge.revoked' });
  });
});

describe('incidents', () => {
  test('are in the record when they are answered; of one that is told without end the first are, and the count of the rest', async () => {
    syncer = await seat.furnish([ada]);
    const tell = async (code: string) => syncer.request('incident', { code, detail: 'told by the test' });
    const codes = ['SERVER_ANSWER_MALFORMED', 'SYNC_LOGS_DIFFER', 'AUDIT_RECEIPT_REFUSED'];
    for (const [at, code] of codes.entries()) {
      await tell(code);
      // Answered, it is there: read once, never waited for.
      expect(bodies(await seat.record(syncer), 'sync.incident')).toEqual(codes.slice(0, at + 1).map((told) => ({ code: told })));
    }
    for (let times = 0; times < 200; times += 1) await tell('SYNC_LOGS_DIFFER');
    const events = await seat.recordUntil(syncer, 'recording.summarised');
    expect(bodies(events, 'sync.incident').length).toBeLessThanOrEqual(15);
    expect(bodies(events, 'recording.summarised')).toMatchObject([{ type: 'sync.incident' }]);
    await tell('SERVER_ANSWER_MALFORMED');
    expect(bodies(await seat.record(syncer), 'sync.incident').at(-1)).toEqual({ code: 'SERVER_ANSWER_MALFORMED' });
  });
});

describe('an enrolment', () => {
  test('answered by another server than the token names is refused, and the seat stays unenrolled', async () => {
    const syncing = await seat.syncer();
    const screens = await seat.screens();
    await screens.client.request('enrol', { server: '127.0.0.1:1', token: seat.site.token });
    const { claim } = await syncing.request('enrolmentClaim', {
      tlsKeySha256: '0'.repeat(64),
      tokenId: tokenId(parseToken(seat.site.token).secret),
    });
    const stranger = await SiteDouble.open(`${seat.folder}/stranger`);
    await expect(syncing.request('enrolled', { reply: stranger.enrol(claim) })).rejects.toMatchObject({ code: 'ENROL_WRONG_SERVER' });
    await syncing.request('enrolmentStep', { step: 'failed', error: { code: 'ENROL_WRONG_SERVER', message: 'Another server answered.' } });
    expect(await screens.sees((view) => view.enrolment?.step === 'failed')).toMatchObject({
      phase: 'unenrolled',
      enrolment: { error: { code: 'ENROL_WRONG_SERVER' } },
    });
  });

  test('without a syncer says so at once', async () => {
    const screens = await seat.screens();
    await expect(screens.client.request('enrol', { server: '127.0.0.1:1', token: seat.site.token })).rejects.toMatchObject({
      code: 'SESSION_NOT_NOW',
    });
  });
});

describe('a socket', () => {
  const hello = encodeFrame({ id: 1, method: 'hello', params: { protocol: 1, build: 'stranger' } });

  test('closes on nonsense and unknown methods, records them, and serves the next one', async () => {
    syncer = await seat.furnish([ada]);
    for (const [frames, code] of [
      [[encodeFrame({ nonsense: true })], 'IPC_MESSAGE_MALFORMED'],
      [[hello, encodeFrame({ id: 2, method: 'unlock', params: {} })], 'IPC_METHOD_UNKNOWN'],
      [[hello, new Uint8Array([0xff, 0xff, 0xff, 0xff])], 'IPC_FRAME_TOO_LARGE'],
      [[encodeFrame({ id: 1, method: 'hello', params: { protocol: 99, build: 'old' } })], 'IPC_PROTOCOL_MISMATCH'],
    ] as const) {
      expect((await speak(seat.socket('ui'), ...frames)).at(-1)).toMatchObject({ error: { code } });
    }
    const asked = (found: readonly AuditEvent[]): unknown[] =>
      bodies(found, 'border.refused').filter((body) => !JSON.stringify(body).includes('IPC_TOO_MANY'));
    const screens = await seat.screens();
    const odd: unknown = { number: 'x'.repeat(4_096) };
    expect(await badRequest(seat.socket('cli'), odd)).toMatchObject({ error: { code: 'IPC_MESSAGE_MALFORMED' } });
    expect(screens.view()).toMatchObject({ phase: 'locked', session: null });
    const events = await until(
      () => seat.record(syncer),
      (found) => asked(found).length >= 5,
    );
    expect(asked(events)).toMatchObject([
      { border: 'ui', code: 'IPC_MESSAGE_MALFORMED', pid: process.pid },
      { border: 'ui', code: 'IPC_METHOD_UNKNOWN' },
      { border: 'ui', code: 'IPC_FRAME_TOO_LARGE' },
      { border: 'ui', code: 'IPC_PROTOCOL_MISMATCH' },
      { border: 'cli', code: 'IPC_MESSAGE_MALFORMED' },
    ]);
  });

  test('for the screens serves one of them', async () => {
    await seat.screens();
    await expect(seat.screens()).rejects.toMatchObject({ code: 'IPC_TOO_MANY' });
  });

  rootTest('is shut to other users, and when its file is not, the kernel still names them', async () => {
    syncer = await seat.furnish([ada]);
    const knock = `
      const s = require('node:net').createConnection(process.argv[1]);
      s.on('error', (e) => { console.log(e.code); process.exit(); });
      s.on('data', (d) => { console.log(d.toString('latin1').replace(/^[^{]+/, '')); process.exit(); });`;
    const asNobody = async (path: string) =>
      (await run('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, '-e', knock, path])).stdout.trim();
    await chmod(seat.folder, 0o755);
    expect(await asNobody(seat.socket('cli'))).toBe('EACCES');
    for (const name of ['ui', 'sync', 'cli'] as const) {
      await chmod(seat.socket(name), 0o666);
      expect(await asNobody(seat.socket(name))).toContain('IPC_PEER_REFUSED');
    }
    const events = await until(
      () => seat.record(syncer),
      (found) => bodies(found, 'border.refused').length >= 3,
    );
    expect(bodies(events, 'border.refused')).toMatchObject(
      ['ui', 'sync', 'cli'].map((border) => ({ border, code: 'IPC_PEER_REFUSED', uid: 65_534 })),
    );
  });

  rootTest('for the screens is not even open to root when the screens have a user of their own', async () => {
    await seat.stop();
    const own = await SeatProcess.create(['--ui-user', 'nobody']);
    try {
      await own.start();
      await expect(own.screens()).rejects.toMatchObject({ code: 'IPC_PEER_REFUSED' });
      const asked = await connect({ boundary: cliBoundary, path: own.socket('cli'), build: 'test', events: {} });
      expect(await asked.request('tap', { badge: ada.badge })).toEqual({ taken: false, code: 'SESSION_BADGE_UNKNOWN' });
      asked.close();
    } finally {
      await own.remove();
    }
  });

  rootTest('for the screens is not open to their user outside of their cgroup', async () => {
    await seat.stop();
    const elsewhere = await SeatProcess.create(['--ui-cgroup', '/wardlock-test/ui']);
    const here = await SeatProcess.create(['--ui-cgroup', (await processCgroup(process.pid)) ?? 'none']);
    try {
      await elsewhere.start();
      await expect(elsewhere.screens()).rejects.toMatchObject({ code: 'IPC_PEER_REFUSED' });
      await here.start();
      expect((await here.screens()).view().phase).toBe('unenrolled');
    } finally {
      await elsewhere.remove();
      await here.remove();
    }
  });

  async function badRequest(path: string, params: unknown): Promise<unknown> {
    const socket = createConnection(path);
    const decoder = new FrameDecoder();
    const answers: unknown[] = [];
    // A refusal overtakes the answer to hello.
    socket.write(hello);
    socket.write(encodeFrame({ id: 2, method: 'tap', params }));
    await new Promise<void>((done) => {
      socket.on('data', (chunk: Buffer) => {
        answers.push(...decoder.push(chunk));
        if (answers.length === 2) done();
      });
    });
    socket.destroy();
    return answers.find((answer) => JSON.stringify(answer).startsWith('{"id":2'));
  }
});

async function until<T>(probe: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await probe();
    if (fits(value)) return value;
    await new Promise((later) => setTimeout(later, 25));
  }
}
