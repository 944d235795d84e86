/**
 * Native applications through a real agent as root, with users of their own and a real nested display: started from the
 * signed policy, recorded before they start, gone with the session. Xvfb stands for the seat's own display.
 */
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeThrowAwayUsers, type ThrowAwayUsers } from '../../agent/os/users.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import type { BoundaryClient } from '../../ipc/client.ts';
import type { NativeApp, PolicyDocument, WebApp } from '../../policies/schema.ts';
import { cpuTicks, isAlive, processesOf } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { named, sessionsCgroup } from '../support/sandboxed-seat.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';
import { startTestDisplay, type TestDisplay, XClient } from '../support/x-display.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const CALCULATOR = '/usr/bin/xcalc';
const GONE = { timeout: 10_000 };
const FROZEN_LOOK_MS = 100;

let users: ThrowAwayUsers<'ui' | 'app-1'>;
let seat: SeatProcess;
let outer: TestDisplay;
let client: XClient;
let syncer: BoundaryClient<SyncBoundary>;
let screens: Screens;

beforeEach(async () => {
  if (!isLinuxRoot) return;
  outer = await startTestDisplay(800, 600);
  client = new XClient(outer.name, outer.xauthority);
  const journal = join(outer.xauthority, '..', 'users.json');
  users = await makeThrowAwayUsers({ journal, prefix: 'wlagent', roles: ['ui', 'app-1'] });
  const { ui, 'app-1': app } = users.users;
  seat = await SeatProcess.create(['--ui-user', ui.name, '--app-user', app.name, '--display-cookie', outer.xauthority]);
  chmodSync(seat.folder, 0o711);
  await seat.start();
  syncer = await seat.furnish([ada], policy(named(CALCULATOR).sha256), ui);
  screens = await seat.screens(ui);
  const windowId = client.window({ x: 0, y: 0, width: 640, height: 480 });
  await screens.client.request('surface', { display: outer.name, windowId, width: 640, height: 480 });
  await screens.client.request('badge', { number: ada.badge });
  await screens.pin(ada.pin);
  await screens.sees((view) => view.phase === 'open');
});

afterEach(async () => {
  if (!isLinuxRoot) return;
  await seat.remove();
  client.close();
  await users.remove();
  await outer.close();
});

function policy(sha256: string): Partial<PolicyDocument> {
  const { path } = named(CALCULATOR);
  const calc: NativeApp = {
    id: 'calc',
    name: 'Calculator',
    kind: 'native',
    icon: 'calculator',
    path,
    sha256,
    args: [],
    env: {},
    children: [],
  };
  const web: WebApp = { id: 'web', name: 'Records', kind: 'web', icon: 'web', url: 'http://127.0.0.1/', origins: ['http://127.0.0.1'] };
  return { apps: [calc, web], roles: [{ id: 'nurse', name: 'Nurse', apps: ['calc'] }] };
}

const calculators = (): number => processesOf(users.users['app-1'].uid, 'xcalc').length;

describe('a native application', () => {
  rootTest('runs as a user of its own under every layer, is recorded before it starts, and goes with the session', async () => {
    expect(screens.view()).toMatchObject({ truth: { enforcement: { mode: 'enforced' } }, apps: [{ id: 'calc', state: 'ready' }] });
    expect(await screens.client.request('launch', { appId: 'calc' }, 20_000)).toEqual({ taken: true });
    expect((await screens.sees((view) => view.apps[0]?.state === 'running')).apps).toHaveLength(1);
    await expect.poll(calculators, GONE).toBe(1);
    await screens.client.request('lock', {});
    await screens.sees((view) => view.kept !== null);
    expect(calculators()).toBe(1);
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
    await screens.sees((view) => view.phase === 'open');
    await screens.client.request('logout', {});
    await screens.sees((view) => view.phase === 'locked' && view.prompt === null && view.kept === null);
    await expect.poll(calculators, GONE).toBe(0);
    const events = await seat.recordUntil(syncer, 'app.exited');
    expect(events.at(-1)).toMatchObject({ body: { app: 'calc', exitCode: null, signal: 'SIGKILL', seconds: expect.any(Number) } });
    expect(events.find((event) => event.type === 'app.launched')).toMatchObject({
      body: { app: 'calc', sha256: named(CALCULATOR).sha256, rule: 'role:nurse', policyVersion: 1, mode: 'enforced' },
    });
  });

  rootTest('is recorded with the signal that ended it when the person closes it, or with its own code', async () => {
    await screens.client.request('launch', { appId: 'calc' }, 20_000);
    await expect.poll(calculators, GONE).toBe(1);
    await screens.client.request('close', { appId: 'calc' });
    const closed = await seat.recordUntil(syncer, 'app.exited');
    expect(closed.at(-1)).toMatchObject({ body: { app: 'calc', exitCode: null, signal: 'SIGKILL' } });
    await screens.client.request('launch', { appId: 'calc' }, 20_000);
    await expect.poll(calculators, GONE).toBe(1);
    process.kill(processesOf(users.users['app-1'].uid, 'xcalc')[0] ?? 0, 'SIGTERM');
    const ended = await seat.recordUntil(syncer, 'app.exited', 2);
    expect(ended.at(-1)).toMatchObject({ body: { app: 'calc', exitCode: null, signal: 'SIGTERM' } });
  });

  rootTest('stands still while the seat is locked where the policy says so, goes on after, and ends where it says that', async () => {
    const { uid } = users.users['app-1'];
    const busy = { ...named('/bin/dash'), args: ['-c', 'while :; do :; done'], onLock: 'freeze' as const };
    const leaving = { ...named('/usr/bin/perl'), id: 'leaving', args: ['-e', 'sleep 1000'], onLock: 'end' as const };
    const [calc, web] = policy('').apps ?? [];
    if (calc?.kind !== 'native' || web === undefined) throw new Error('There is no native application.');
    const apps = [{ ...calc, ...busy }, { ...calc, ...leaving }, web];
    const roles = [{ id: 'nurse', name: 'Nurse', apps: ['calc', 'leaving'] }];
    await syncer.request('policy', { envelope: seat.site.policy(seat.site.document(2, { apps, roles })) });
    await screens.sees((view) => view.apps.length === 2);
    for (const appId of ['calc', 'leaving']) expect(await screens.client.request('launch', { appId }, 20_000)).toEqual({ taken: true });
    await expect.poll(() => [processesOf(uid, 'dash'), processesOf(uid, 'perl')].map((pids) => pids.length), GONE).toEqual([1, 1]);
    const [pid = 0] = processesOf(uid, 'dash');
    await screens.client.request('lock', {});
    const types = async (): Promise<string[]> => (await seat.record(syncer)).map(({ type }) => type);
    await expect.poll(types, GONE).toEqual(expect.arrayContaining(['app.frozen', 'app.exited']));
    await expect.poll(() => processesOf(uid, 'perl').length, GONE).toBe(0);
    const before = cpuTicks(pid);
    await sleep(FROZEN_LOOK_MS);
    expect([isAlive(pid), cpuTicks(pid)]).toEqual([true, before]);
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
    await screens.sees((view) => view.phase === 'open');
    await expect.poll(() => cpuTicks(pid), GONE).toBeGreaterThan(before);
    const told = (await seat.record(syncer)).flatMap((event) => (event.type === 'app.frozen' ? [event.body.frozen] : []));
    expect(told).toEqual([true, false]);
    const ended = (await seat.record(syncer)).flatMap((event) => (event.type === 'app.exited' ? [event.body] : []));
    expect(ended).toEqual([expect.objectContaining({ app: 'leaving', exitCode: null, signal: 'SIGKILL' })]);
  });

  rootTest('that is denied a program is recorded with the access and the path, and never with what a person named', async () => {
    const folder = mkdtempSync('/opt/wl-test-');
    chmodSync(folder, 0o755);
    copyFileSync('/bin/true', join(folder, 'Smith Anna'));
    const script = `"${folder}/Smith Anna"; /bin/true; read -r x < /bin/ls; sleep 1000`;
    const shell = { ...named('/bin/dash'), args: ['-c', script] };
    const children = [named('/bin/sleep')];
    const apps = (policy('').apps ?? []).map((app) => (app.kind === 'native' ? { ...app, ...shell, children } : app));
    await syncer.request('policy', { envelope: seat.site.policy(seat.site.document(2, { ...policy(''), apps })) });
    await screens.client.request('launch', { appId: 'calc' }, 20_000);
    const denials = async (): Promise<unknown[]> =>
      (await seat.record(syncer)).flatMap((event) => (event.type === 'app.refused' ? [event.body] : []));
    const machine = (access: string, path: string): object => ({
      ...{ app: 'calc', reason: 'denied', code: 'LAUNCH_DENIED' },
      denied: { access, count: 1, place: 'machine', path: named(path).path },
    });
    const expected = [
      { denied: { access: 'execute', count: 1, place: 'other', path: null } },
      machine('execute', '/bin/true'),
      machine('read', '/bin/ls'),
    ].map((body) => expect.objectContaining(body));
    await expect.poll(denials, GONE).toEqual(expect.arrayContaining(expected));
    expect(JSON.stringify(await denials())).not.toMatch(/Smith|Anna/u);
    rmSync(folder, { recursive: true });
  });

  rootTest('whose file is not the one of the policy does not start, and the person is told', async () => {
    const changed = policy('0'.repeat(64));
    await syncer.request('policy', { envelope: seat.site.policy(seat.site.document(2, changed)) });
    expect(await screens.client.request('launch', { appId: 'calc' }, 20_000)).toEqual({ taken: false });
    expect(await screens.sees((view) => view.message !== null)).toMatchObject({
      phase: 'open',
      message: { key: 'app.changed', params: { app: 'Calculator' }, code: 'LAUNCH_FILE_CHANGED' },
    });
    const events = await seat.recordUntil(syncer, 'app.refused');
    expect(events.at(-1)).toMatchObject({ body: { app: 'calc', reason: 'file-changed', code: 'LAUNCH_FILE_CHANGED' } });
  });

  rootTest('is gone at once when the agent is killed, and the seat comes up locked', async () => {
    await screens.client.request('launch', { appId: 'calc' }, 20_000);
    await expect.poll(calculators, GONE).toBe(1);
    await seat.stop('SIGKILL');
    await expect.poll(calculators, GONE).toBe(0);
    await seat.start();
    const again = await seat.screens(users.users.ui);
    expect(again.view()).toMatchObject({ phase: 'locked', session: null, kept: null });
  });
});

describe('a seat that can not shut sessions in any more', () => {
  const comes = async (): Promise<void> => {
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
  };

  rootTest('is out of order once a session showed it, and in order again once sessions can be, with nobody doing anything', async () => {
    const limit = join(await sessionsCgroup(seat.state), 'cgroup.max.descendants');
    // The first session is shut in and gone before anything is refused.
    await screens.client.request('launch', { appId: 'calc' }, 20_000);
    await expect.poll(calculators, GONE).toBe(1);
    await screens.client.request('logout', {});
    await screens.sees((view) => view.phase === 'locked' && view.prompt === null && view.kept === null);
    await expect.poll(calculators, GONE).toBe(0);
    // The kernel refuses the seat new groups from now on.
    writeFileSync(limit, '0');
    // It opens for a moment, and no picture of that needs to be seen here.
    await comes();
    const shut = await screens.sees((view) => view.phase === 'faulted');
    expect(shut).toMatchObject({
      message: { key: 'seat.unenforced', code: 'SESSION_SEAT_UNENFORCED' },
      truth: { enforcement: { mode: 'degraded', missing: [{ layer: 'namespaces' }] } },
      breakGlass: { available: false },
    });
    const ended = await seat.recordUntil(syncer, 'session.ended', 2);
    expect(ended.findLast(({ type }) => type === 'session.ended')).toMatchObject({ body: { person: 'ada', reason: 'faulted' } });
    expect(await screens.client.request('badge', { number: ada.badge })).toEqual({ taken: false });
    writeFileSync(limit, 'max');
    await screens.sees((view) => view.phase === 'locked' && view.truth.enforcement.mode === 'enforced');
    await comes();
    await screens.sees((view) => view.phase === 'open');
    expect(await screens.client.request('launch', { appId: 'calc' }, 20_000)).toEqual({ taken: true });
    await expect.poll(calculators, GONE).toBe(1);
  });
});
