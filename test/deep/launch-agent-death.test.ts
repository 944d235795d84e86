/**
 * What becomes of a session when its agent is killed: it ends at once, and the next agent of the seat finds nothing left. And
 * what an agent does that was promised layers and lacks one: it starts nothing.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { seatCgroupName } from '../../agent/launch/compose.ts';
import { cgroupMount } from '../../agent/os/cgroup.ts';
import { makeThrowAwayUsers, type ThrowAwayUsers } from '../../agent/os/users.ts';
import { startAgent } from '../support/agent-process.ts';
import { processesOf } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { named } from '../support/sandboxed-seat.ts';

const SHELL = '/bin/dash';
let state = '';
let users: ThrowAwayUsers<'ui' | 'app-1'>;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  state = mkdtempSync(join(tmpdir(), 'wl-death-'));
  users = await makeThrowAwayUsers({ journal: join(state, 'users.json'), prefix: 'wldeath', roles: ['ui', 'app-1'] });
});

afterAll(async () => {
  if (!isLinuxRoot) return;
  await users.remove();
  rmSync(state, { recursive: true, force: true });
});

function seat(script: string): object {
  const { ui, 'app-1': app } = users.users;
  const children = [named('/usr/bin/setsid'), named('/bin/sleep')];
  return { state, users: { ui, app }, program: { ...named(SHELL), args: ['-c', script] }, children };
}

describe('an agent that is killed', () => {
  rootTest('takes its session with it, and the next one cleans up', async () => {
    const agent = startAgent(seat('setsid sleep 987 & sleep 987'));
    expect(await agent.hears()).toMatchObject({ mode: { name: 'enforced' } });
    await agent.hears();
    await agent.hears();
    const uid = users.users['app-1'].uid;
    await expect.poll(() => processesOf(uid, 'sleep').length, { timeout: 5_000 }).toBe(2);
    const group = join((await cgroupMount()) ?? '', seatCgroupName(state));
    agent.child.kill('SIGKILL');
    await once(agent.child, 'exit');
    await expect.poll(() => processesOf(uid, 'sleep').length, { timeout: 5_000 }).toBe(0);
    expect(existsSync(join(group, 'sessions', 'a'.repeat(32)))).toBe(true);

    const next = startAgent(seat('exit 0'));
    expect(await next.hears()).toMatchObject({ mode: { name: 'enforced' } });
    await next.close();
    expect(existsSync(group)).toBe(false);
  });
});

describe('an agent that runs as root', () => {
  rootTest('starts nothing when applications would run as the user of the screens, as root, or as nobody it knows', async () => {
    const { ui } = users.users;
    const asScreens = { ...seat('exit 0'), users: { ui, app: ui } };
    const asRoot = { ...seat('exit 0'), users: { ui, app: { name: 'root', uid: 0, gid: 0 } } };
    const asNobodyKnown = { ...seat('exit 0'), users: null };
    for (const promised of [asScreens, asRoot, asNobodyKnown]) {
      const agent = startAgent(promised);
      expect(await agent.hears()).toMatchObject({ mode: { name: 'refusing', missing: [{ layer: 'app-user' }] } });
      expect(await agent.hears()).toEqual({ refused: 'enforcement-missing' });
      await agent.close();
    }
  });
});
