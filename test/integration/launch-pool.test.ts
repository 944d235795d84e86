/**
 * The users of sessions for real: two throw-away ones, processes of theirs inside and outside of sessions, and what the kernel keeps for a user.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { livingOf } from '../../agent/os/user-processes.ts';
import type { OsUser } from '../../agent/os/users.ts';
import { PERL, SHELL } from '../support/in-session.ts';
import { isAlive } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { insideSession, named, openSeat, runApp, type Seat, startApp } from '../support/sandboxed-seat.ts';

let seat: Seat;
let other: OsUser;
let sessions = 0;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  seat = await openSeat(2);
  if (seat.otherApp === undefined) throw new Error('The seat has one user for applications only.');
  other = seat.otherApp;
});
afterAll(async () => {
  if (isLinuxRoot) await seat.close();
});

function open(): string {
  sessions += 1;
  const sessionId = sessions.toString(16).padStart(32, '0');
  seat.launcher.openSession({ sessionId });
  return sessionId;
}

async function end(...sessionIds: readonly string[]): Promise<void> {
  await Promise.all(sessionIds.map((sessionId) => seat.launcher.endSession(sessionId)));
}

/** Runs a script and gives back what it printed. */
async function perl(sessionId: string, script: string): Promise<string> {
  const args = ['-e', `open(STDOUT, ">", "/tmp/printed"); ${script}`];
  const ended = await runApp(seat.launcher, { sessionId, appId: 'test', ...named(PERL), args, env: {}, children: [] });
  if ('ok' in ended) throw new Error(`${ended.reason}: ${ended.detail}`);
  return readFileSync(await insideSession(seat.state, sessionId, '/tmp/printed'), 'utf8');
}

const uidOf = async (sessionId: string): Promise<number> => Number(await perl(sessionId, 'print $<'));
const sleeper = { ...named(SHELL), args: ['-c', 'sleep 1000'], env: {}, children: [named('/bin/sleep')] };

// Before any session of this file: what is swept after one would end the strays as well.
rootTest('a user of whom anything lives is left out until it has gone', async () => {
  const strays = [seat.app, other].map(({ uid, gid }) => spawn('/bin/sleep', ['1000'], { uid, gid, stdio: 'ignore' }));
  await Promise.all(strays.map((stray) => once(stray, 'spawn')));
  const refused = open();
  expect(await startApp(seat.launcher, { ...sleeper, sessionId: refused, appId: 'test' })).toMatchObject({ reason: 'layer-failed' });
  strays[1]?.kill('SIGKILL');
  await expect.poll(() => livingOf(other.uid)).toEqual([]);
  const opened = open();
  expect(await uidOf(opened)).toBe(other.uid);
  await end(refused, opened);
  // It was nobody's session that it belonged to, so nobody ended it.
  expect(isAlive(strays[0]?.pid ?? 0)).toBe(true);
  strays[0]?.kill('SIGKILL');
  await expect.poll(() => livingOf(seat.app.uid)).toEqual([]);
});

rootTest('two sessions run as two users of the pool, neither that of the screens, and a third finds none', async () => {
  const both = [open(), open()];
  const uids = await Promise.all(both.map(uidOf));
  expect(uids.toSorted()).toEqual([seat.app.uid, other.uid].toSorted());
  expect(uids).not.toContain(seat.ui.uid);
  const third = open();
  const spec = { ...sleeper, sessionId: third, appId: 'test' };
  expect(await startApp(seat.launcher, spec)).toMatchObject({ ok: false, reason: 'layer-failed' });
  await end(...both, third);
});

rootTest('what a session left running outside of its own groups ends before its user is given again', async () => {
  const sessionId = open();
  const uid = await uidOf(sessionId);
  const stray = spawn('/bin/sleep', ['1000'], { uid, gid: uid, stdio: 'ignore', detached: true });
  await once(stray, 'spawn');
  const gone = once(stray, 'exit');
  await end(sessionId);
  expect(await gone).toEqual([null, 'SIGKILL']);
});

rootTest('a key that a session left with the kernel is not there for the next one of the same user', async () => {
  // add_key, and keyctl with KEYCTL_SEARCH, on the keyring of the user, which outlives its processes.
  const leave = 'my ($t, $n, $d) = ("user", "left", "data"); print syscall(248, $t, $n, $d, 4, -4) > 0 ? "kept" : $!;';
  const look = 'my ($t, $n) = ("user", "left"); print syscall(250, 10, -4, $t, $n, 0) > 0 ? "found" : $!+0;';
  const first = open();
  const uid = await uidOf(first);
  expect(await perl(first, leave)).toBe('kept');
  expect(await perl(first, look)).toBe('found');
  await end(first);
  const between = open();
  expect(await uidOf(between)).not.toBe(uid);
  const again = open();
  expect(await uidOf(again)).toBe(uid);
  // ENOKEY.
  expect(await perl(again, look)).toBe('126');
  await end(between, again);
});
