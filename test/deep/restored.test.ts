/**
 * Settings of the system through real agents that are killed: put back at the next start, whoever runs then, and `agent
 * verify-restored` says what is so because it looks. Each process sees settings of the test's own in place of the machine's.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blockedFolder } from '../../agent/os/reachable.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';

const cli = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const hanging = join(import.meta.dirname, '..', 'support', 'restriction-program.ts');
const WANTED = { core: '|/bin/false', keys: '0' };
let folder = '';
let running: ChildProcess[] = [];
const core = (): string => join(folder, 'core_pattern');
const keys = (): string => join(folder, 'ctrl-alt-del');
const state = (): string => join(folder, 'seat');
const settings = (): readonly string[] => [core(), keys()].map((file) => readFileSync(file, 'utf8').trim());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-restored-'));
  chmodSync(folder, 0o711);
  writeFileSync(core(), 'core\n');
  writeFileSync(keys(), '1\n');
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((child) => ended(child, 'SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

/** A command that finds the test's own settings where the kernel's are. */
function inOwnSystem(command: readonly string[]): readonly string[] {
  const script =
    'mount --bind "$1" /proc/sys/kernel/core_pattern && mount --bind "$2" /proc/sys/kernel/ctrl-alt-del && shift 2 && exec "$@"';
  return ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', core(), keys(), ...command];
}

async function started(command: readonly string[]): Promise<ChildProcess> {
  const child = spawn('unshare', inOwnSystem(command), { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString('utf8');
  });
  const gone = once(child, 'exit').then(() => {
    throw new Error(`It ended: ${said}`);
  });
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone]);
  gone.catch(() => undefined);
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const agent = (...more: readonly string[]): readonly string[] => [
  ...[process.execPath, cli, 'agent', '--state', state(), '--no-keychain', '--json', '--reader-socket', '/nonexistent'],
  ...more,
];

function verify(...args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const command = [process.execPath, cli, 'agent', 'verify-restored', '--state', state(), ...args];
  const { status, stdout } = spawnSync('unshare', inOwnSystem(command), { encoding: 'utf8' });
  return { code: status, text: stdout };
}

function leave(changed: Readonly<Record<string, string>>): void {
  execFileSync('mkdir', ['-p', state()]);
  const entries = Object.entries(changed).map(([id, former]) => ({ id, former, wanted: WANTED.core }));
  writeFileSync(join(state(), 'kernel-settings.json'), JSON.stringify({ format: 'wardlock-restrictions/1', entries }));
}

describe('settings of the operating system', () => {
  test('nothing is proved where no agent has changed anything', () => {
    const { status, stdout } = spawnSync(process.execPath, [cli, 'agent', 'verify-restored', '--state', state()], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: expect.stringContaining('nothing to compare with') });
  });

  rootTest('are changed while a seat serves, left by one that is killed, and put back by the next', async () => {
    const first = await started(agent());
    expect(settings()).toEqual([WANTED.core, WANTED.keys]);
    await ended(first, 'SIGKILL');
    const left = verify();
    expect(left.code).toBe(1);
    expect(left.text).toContain('kernel.core_pattern: was core, and is still |/bin/false, which the seat set it to\n');
    expect(left.text).toContain('kernel.ctrl-alt-del: was 1, and is still 0, which the seat set it to\n');
    await ended(await started(agent()), 'SIGTERM');
    expect(settings()).toEqual(['core', '1']);
    expect(verify()).toEqual({ code: 0, text: expect.stringContaining('kernel.core_pattern: is core, as before\n') });
    // It reads: what somebody sets to the seat's value again is not called restored.
    writeFileSync(core(), WANTED.core);
    expect(verify().code).toBe(1);
  });

  for (const moment of ['before', 'after'] as const) {
    rootTest(`are as they were when an agent is killed ${moment} the change that it has journalled`, async () => {
      execFileSync('mkdir', ['-p', state()]);
      const child = await started([process.execPath, hanging, join(state(), 'kernel-settings.json'), core(), moment]);
      await ended(child, 'SIGKILL');
      expect(settings()[0]).toBe(moment === 'before' ? 'core' : WANTED.core);
      expect(verify().code).toBe(moment === 'before' ? 0 : 1);
      expect(verify('--restore').code).toBe(0);
      expect(settings()[0]).toBe('core');
      expect(verify().code).toBe(0);
    });
  }

  rootTest('are put back also by an agent that starts nothing, and by one that changes nothing', async () => {
    leave({ 'kernel.core_pattern': 'core' });
    writeFileSync(core(), WANTED.core);
    // Root without users for applications: its launcher refuses. In practice the system is not the seat's to change.
    await ended(await started(agent('--practice')), 'SIGTERM');
    expect(settings()).toEqual(['core', '1']);
  });

  test('are put back also by an agent that is not root any more, as far as it may', async (context) => {
    context.skip(!isLinuxRoot, 'needs root on Linux: it becomes somebody else');
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })));
    if (uid === undefined || gid === undefined) throw new Error('There is no user nobody.');
    const blocked = await blockedFolder({ uid, gids: [gid] }, cli);
    context.skip(blocked !== undefined, `an unprivileged user can not read this checkout: ${blocked} is closed to it`);
    leave({ 'kernel.core_pattern': 'core' });
    writeFileSync(core(), WANTED.core);
    for (const file of [state(), join(state(), 'kernel-settings.json'), core()]) chownSync(file, uid, gid);
    const asNobody = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...agent()];
    await ended(await started(asNobody), 'SIGTERM');
    expect(settings()[0]).toBe('core');
  });
});
