/**
 * Launching by an agent that is not root, as a process of its own: the mode says what is missing, and what can be had is had.
 */
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { blockedFolder } from '../../agent/os/reachable.ts';
import { makeThrowAwayUsers, type OsUser, type ThrowAwayUsers } from '../../agent/os/users.ts';
import { type AgentProcess, startAgent } from '../support/agent-process.ts';
import { processesOf } from '../support/processes.ts';
import { isLinuxRoot } from '../support/root.ts';
import { named } from '../support/sandboxed-seat.ts';

const SHELL = '/bin/dash';
let folder = '';
let users: ThrowAwayUsers<'dev'> | undefined;
let user: OsUser | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wl-degraded-'));
  if (!isLinuxRoot) return;
  users = await makeThrowAwayUsers({ journal: join(folder, 'users.json'), prefix: 'wldegraded', roles: ['dev'] });
  user = users.users.dev;
  chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
});

afterAll(async () => {
  await users?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function agentFor(context: TestContext, script: string, more: object = {}, home = folder): Promise<AgentProcess> {
  context.skip(process.platform !== 'linux', 'needs Linux: it starts programs of Debian');
  const walker = { uid: user?.uid ?? process.geteuid?.() ?? 0, gids: user === undefined ? [] : [user.gid] };
  const blocked = await blockedFolder(walker, join(import.meta.dirname, 'x'));
  context.skip(blocked !== undefined, `an unprivileged user can not read this checkout: ${blocked} is closed to it`);
  const program = { ...named(SHELL), args: ['-c', script], ...more };
  return startAgent({ state: folder, users: null, program, children: [] }, user, { LD_PRELOAD: '', WL_SECRET: 'x', HOME: home });
}

describe('without root', () => {
  test('the mode is named, with every layer that is missing in plain words', async (context) => {
    const agent = await agentFor(context, 'exit 0');
    const { mode } = await agent.hears();
    await agent.close();
    expect(mode).toMatchObject({ name: 'degraded.no-root' });
    const layers = typeof mode === 'object' && mode !== null && 'missing' in mode && Array.isArray(mode.missing) ? mode.missing : [];
    expect(layers.map(({ layer }) => layer)).toEqual(['app-user', 'landlock', 'namespaces', 'cgroup', 'denial-reports']);
    for (const { meaning } of layers) expect(meaning).toMatch(/^[A-Z].*\.$/u);
  });

  test('the program runs with a clean environment, and its exit is told', async (context) => {
    const agent = await agentFor(context, `export -p > ${folder}/env; exit 4`);
    await agent.hears();
    expect(await agent.hears()).toEqual({ prepared: named(SHELL).sha256 });
    const told = [await agent.hears(), await agent.hears()];
    await agent.close();
    expect(told).toContainEqual({ started: expect.objectContaining({ ok: true, appId: 'lone' }) });
    expect(told).toContainEqual({ exit: expect.objectContaining({ exitCode: 4, signal: null }) });
    expect(readFileSync(join(folder, 'env'), 'utf8')).not.toMatch(/LD_PRELOAD|WL_SECRET|NODE/u);
  });

  test('an account whose home does not exist starts programs all the same, in a private home that goes with the session', async (context) => {
    const script = `{ pwd; echo "$HOME"; stat -c %a .; } > ${folder}/home-seen; exit 0`;
    const agent = await agentFor(context, script, { cwd: null }, join(folder, 'no-such-home'));
    for (let line = 0; line < 2; line += 1) await agent.hears();
    const told = [await agent.hears(), await agent.hears()];
    expect(told).toContainEqual({ exit: expect.objectContaining({ exitCode: 0 }) });
    const [cwd = '', home, mode] = readFileSync(join(folder, 'home-seen'), 'utf8').split('\n');
    expect(home).toBe(cwd);
    expect(cwd.startsWith(`${folder}/`)).toBe(true);
    expect(mode).toBe('700');
    agent.end();
    expect(await agent.hears()).toEqual({ ended: expect.objectContaining({ clean: true }) });
    expect(existsSync(cwd)).toBe(false);
    await agent.close();
  });

  test('a program whose content is another is refused', async (context) => {
    const agent = await agentFor(context, 'exit 0', { sha256: '0'.repeat(64) });
    await agent.hears();
    expect(await agent.hears()).toEqual({ refused: 'file-changed' });
    await agent.close();
  });

  test('the session’s end takes daemonised grandchildren with it', async (context) => {
    const uid = user?.uid ?? process.geteuid?.() ?? -1;
    const agent = await agentFor(context, `(setsid ${SHELL} -c "setsid sleep 987 & setsid sleep 987 &" &); sleep 987`);
    for (let line = 0; line < 3; line += 1) await agent.hears();
    await expect.poll(() => processesOf(uid, 'sleep').length, { timeout: 5_000 }).toBe(3);
    agent.end();
    const told = [await agent.hears(), await agent.hears()];
    await agent.close();
    expect(told).toContainEqual({ ended: expect.objectContaining({ clean: true }) });
    expect(processesOf(uid, 'sleep')).toEqual([]);
  });
});
