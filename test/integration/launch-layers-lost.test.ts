/**
 * A seat whose kernel shuts sessions in at the start and later does not, or the other way round, for real: the limit of its own cgroup refuses
 * new ones. And a session that ends before anything of it exists, with real users and cgroups and a survey that the test holds back.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createLauncher } from '../../agent/launch/compose.ts';
import { SandboxLauncher } from '../../agent/launch/sandbox/launcher.ts';
import { openSeatCgroups } from '../../agent/launch/sandbox/seat-cgroups.ts';
import { UserPool } from '../../agent/launch/sandbox/user-pool.ts';
import { livingProcesses } from '../../agent/os/cgroup.ts';
import { endAllOf, livingOf } from '../../agent/os/user-processes.ts';
import { SHELL } from '../support/in-session.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { named, openSeat, runApp, type Seat, sessionsCgroup } from '../support/sandboxed-seat.ts';

const TRIED = { timeout: 30_000 };

let seat: Seat;
let limit = '';

beforeAll(async () => {
  if (!isLinuxRoot) return;
  seat = await openSeat(2);
  limit = join(await sessionsCgroup(seat.state), 'cgroup.max.descendants');
});
afterAll(async () => {
  if (isLinuxRoot) await seat.close();
});

const sessionId = (number: number): string => number.toString(16).padStart(32, '0');
const exits = (session: number, code: number) =>
  runApp(seat.launcher, {
    ...{ sessionId: sessionId(session), appId: 'test', ...named(SHELL), args: ['-c', `exit ${code}`], env: {}, children: [] },
  });

describe('a layer that is lost while the seat runs', () => {
  rootTest('is told as such once a session could not be shut in, and as back once one can', async () => {
    const { launcher } = seat;
    launcher.openSession({ sessionId: sessionId(1) });
    expect(await exits(1, 4)).toMatchObject({ exitCode: 4 });
    expect(await launcher.endSession(sessionId(1))).toMatchObject({ clean: true });
    expect(launcher.mode.name).toBe('enforced');
    writeFileSync(limit, '0');
    launcher.openSession({ sessionId: sessionId(2) });
    expect(await exits(2, 4)).toMatchObject({ ok: false, reason: 'layer-failed' });
    await expect.poll(() => launcher.mode, TRIED).toMatchObject({ name: 'refusing', missing: [{ layer: 'namespaces' }] });
    expect(await launcher.endSession(sessionId(2))).toMatchObject({ clean: true });
    writeFileSync(limit, 'max');
    await expect.poll(() => launcher.mode.name, TRIED).toBe('enforced');
    launcher.openSession({ sessionId: sessionId(3) });
    expect(await exits(3, 5)).toMatchObject({ exitCode: 5 });
    expect(await launcher.endSession(sessionId(3))).toMatchObject({ clean: true });
  });
});

describe('a layer that does not work when the agent starts', () => {
  rootTest('keeps the seat from starting anything until it works, without another start of the agent', async () => {
    const state = mkdtempSync(join(tmpdir(), 'wl-late-'));
    const group = dirname(await sessionsCgroup(state));
    mkdirSync(group);
    writeFileSync(join(group, 'cgroup.max.descendants'), '0');
    const { app, ui } = seat;
    const launcher = await createLauncher({ appUsers: [app], uiUser: ui, stateFolder: state, runFolder: state, log: () => undefined });
    const session = sessionId(4);
    try {
      launcher.openSession({ sessionId: session });
      expect(launcher.mode).toMatchObject({ name: 'refusing', missing: [{ layer: 'namespaces' }] });
      const launch = { sessionId: session, appId: 'test', ...named(SHELL), args: ['-c', 'exit 6'], env: {}, children: [] };
      expect(await runApp(launcher, launch)).toMatchObject({ ok: false, reason: 'enforcement-missing' });
      writeFileSync(join(group, 'cgroup.max.descendants'), 'max');
      await expect.poll(() => launcher.mode.name, TRIED).toBe('enforced');
      // The session was open before.
      expect(await runApp(launcher, launch)).toMatchObject({ exitCode: 6 });
    } finally {
      await launcher.close();
      rmSync(state, { recursive: true, force: true });
    }
  });
});

describe('a session that ends while what it may read is still being looked up', () => {
  rootTest('waits for nothing, leaves nothing, and does not keep the only user from the next session', async () => {
    const survey = Promise.withResolvers<readonly string[]>();
    const cgroups = await openSeatCgroups(`${dirname(await sessionsCgroup(seat.state))}-surveyed`);
    const launcher = new SandboxLauncher({
      missing: [],
      reports: { areComing: true, tell: () => undefined, close: async () => undefined },
      onDenied: () => undefined,
      users: new UserPool([seat.app], { living: livingOf, end: endAllOf, onLeft: () => undefined }),
      uiUser: seat.ui,
      runFolder: seat.state,
      cgroups,
      hide: [],
      surveyor: { ofSystem: () => survey.promise, ofFolder: async () => [], close: () => undefined },
      log: () => undefined,
    });
    try {
      launcher.openSession({ sessionId: sessionId(1) });
      const launched = launcher.prepare({
        ...{ sessionId: sessionId(1), appId: 'test', ...named(SHELL), args: [], env: {}, children: [] },
      });
      expect(await launcher.endSession(sessionId(1))).toEqual({ sessionId: sessionId(1), processes: 0, clean: true });
      expect(await launched).toMatchObject({ ok: false, reason: 'layer-failed' });
      launcher.openSession({ sessionId: sessionId(2) });
      survey.resolve(['/usr/lib', '/lib', '/lib64', '/etc/ld.so.cache']);
      const prepared = await launcher.prepare({
        ...{ sessionId: sessionId(2), appId: 'test', ...named(SHELL), args: [], env: {}, children: [] },
      });
      expect(prepared).toMatchObject({ ok: true });
      if (prepared.ok) launcher.discard(prepared);
      expect(await livingProcesses(cgroups.sessions)).not.toEqual([]);
      expect(await launcher.endSession(sessionId(2))).toMatchObject({ clean: true });
      expect(await livingProcesses(cgroups.sessions)).toEqual([]);
    } finally {
      survey.resolve([]);
      await launcher.close();
    }
  });
});
