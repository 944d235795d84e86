/**
 * The enforced launcher against the real kernel: real users, namespaces, Landlock and cgroups. Each test asks a program
 * inside a session to do something and reads from outside what came of it.
 */
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { AppExit } from '../../agent/launch/port.ts';
import { memoryLimitBytes, PROCESSES } from '../../agent/launch/sandbox/limits.ts';
import { cgroupMount } from '../../agent/os/cgroup.ts';
import { SHELL, sessionTests } from '../support/in-session.ts';
import { cpuTicks, processesOf } from '../support/processes.ts';
import { rootTest } from '../support/root.ts';
import { insideSession, named, sessionsCgroup, startApp } from '../support/sandboxed-seat.ts';

/** Whom a session's first process becomes. */
const NOBODY = 65_534;
const FROZEN_LOOK_MS = 100;
const started = { timeout: 5_000 };
const session = sessionTests();

function sleepers(): number {
  return processesOf(session.seat.app.uid, 'sleep').length;
}

describe('an application of the policy', () => {
  rootTest('runs, and its exit is told with its code', async () => {
    expect(session.seat.launcher.mode.name).toBe('enforced');
    const { sessionId } = session;
    expect(await session.run(session.app(SHELL, ['-c', 'exit 7']))).toMatchObject({ appId: 'test', sessionId, exitCode: 7, signal: null });
  });

  rootTest('started in the same moment as others runs like them, in a group of its own', async () => {
    const names = ['one', 'two', 'three'];
    const files = await Promise.all(
      names.map((name) =>
        session.run({
          ...session.app(SHELL, ['-c', `cat /proc/self/cgroup > /tmp/${name}`], { children: [named('/bin/cat')] }),
          appId: name,
        }),
      ),
    );
    expect(files).toEqual(names.map((appId) => expect.objectContaining({ appId, exitCode: 0 })));
    const groups = await Promise.all(names.map((name) => session.written(`/tmp/${name}`)));
    expect(new Set(groups).size).toBe(names.length);
  });

  rootTest('runs as a user of the pool that is neither root nor the screens, with no right left', async () => {
    const status = await session.shell('while read -r line; do echo "$line"; done < /proc/self/status');
    const { uid, gid } = session.seat.app;
    expect(uid).not.toBe(session.seat.ui.uid);
    expect(status).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`);
    expect(status).toContain(`Gid:\t${gid}\t${gid}\t${gid}\t${gid}`);
    expect(status).toMatch(/^Groups:\s*$/mu);
    expect(status).toMatch(/^NoNewPrivs:\t1$/mu);
    expect(status).toMatch(/^CapBnd:\t0+$/mu);
    expect(status).toMatch(/^CapEff:\t0+$/mu);
  });

  rootTest('is what the kernel ends first where memory runs out', async () => {
    expect(await session.shell('read -r score < /proc/self/oom_score_adj; echo $score')).toBe('500\n');
  });

  rootTest('can use up neither the memory nor the processes of the machine', async () => {
    const limits = await session.shell('while read -r line; do echo "$line"; done < /proc/self/limits');
    const bytes = memoryLimitBytes();
    expect(bytes).toBeLessThan(totalmem());
    const limitOf = (name: string) => new RegExp(`^${name} +(\\d+) +(\\d+) `, 'mu').exec(limits)?.slice(1).map(Number);
    expect(limitOf('Max data size')).toEqual([bytes, bytes]);
    expect(limitOf('Max processes')).toEqual([PROCESSES, PROCESSES]);
  });

  rootTest('is limited together with its session where the kernel counts groups', async () => {
    const { launcher, state } = session.seat;
    await session.shell('echo ready');
    const group = join(await sessionsCgroup(state), session.sessionId);
    // A group with a process of its own can hand no limit on to those in it.
    expect(readFileSync(join(group, 'cgroup.procs'), 'utf8')).toBe('');
    const controllers = readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const counted = ['memory', 'pids'].filter((name) => controllers.includes(name));
    expect(launcher.limits).toBe(counted.length === 2 ? 'session' : 'process');
    const maximum = counted.map((name) => Number(readFileSync(join(group, `${name}.max`), 'utf8')));
    expect(maximum).toEqual(counted.map((name) => (name === 'memory' ? memoryLimitBytes() : PROCESSES)));
  });

  rootTest('has standard streams that lead nowhere, and no other descriptor', async () => {
    await session.run(session.app(SHELL, ['-c', 'ls -l /proc/self/fd > /tmp/fds'], { children: [named('/bin/ls')] }));
    const [, ...links] = (await session.written('/tmp/fds')).trim().split('\n');
    // 1 is the file that the shell was told to write, 3 the folder that is being listed.
    expect(links).toEqual([
      expect.stringMatching(/0 -> \/dev\/null$/u),
      expect.stringMatching(/1 -> \/tmp\/fds$/u),
      expect.stringMatching(/2 -> \/dev\/null$/u),
      expect.stringMatching(/3 -> \/proc\/\d+\/fd$/u),
    ]);
  });

  rootTest('gets an environment that is built from nothing', async () => {
    const env = { LD_PRELOAD: '/tmp/evil.so', LD_LIBRARY_PATH: '/tmp', GREETING: 'hello' };
    process.env['WL_SECRET'] = 'of the agent';
    try {
      await session.run(session.app(SHELL, ['-c', 'export -p > /tmp/env'], { env }));
    } finally {
      delete process.env['WL_SECRET'];
    }
    const environment = await session.written('/tmp/env');
    expect(environment).toContain("GREETING='hello'");
    expect(environment).toContain("HOME='/home/wardlock'");
    expect(environment).not.toMatch(/LD_|WL_SECRET|NODE/u);
  });

  rootTest('sees its own processes only, its own empty home, and no folder of the seat', async () => {
    const seen = await session.shell('echo /proc/[0-9]*; echo * .[!.]*; echo /home/*');
    const [processes, home, homes] = seen.trim().split('\n');
    expect(processes?.split(' ')).toHaveLength(1);
    expect(home).toBe('* .[!.]*');
    expect(homes).toBe('/home/wardlock');
    expect(await session.shell(`[ -e ${join(session.seat.state, 'users.json')} ]; echo $?`)).toBe('1\n');
  });

  rootTest('can write to its throw-away folders and to nothing else', async () => {
    const places = '/ /etc /usr /var /opt /run /home /dev /sys /var/lib /var/cache /home/wardlock /tmp /dev/shm';
    expect(await session.shell(`for f in ${places}; do ( : > $f/wl-test ) && echo "$f"; done; true`)).toBe(
      '/home/wardlock\n/tmp\n/dev/shm\n',
    );
    expect(existsSync('/wl-test')).toBe(false);
  });
});

describe('a program that is not the one of the policy', () => {
  rootTest('is refused when its content changed, and so is an application with such a child', async () => {
    const path = join(session.programs, 'changed');
    copyFileSync(SHELL, path);
    const spec = session.app(path, ['-c', 'true']);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]));
    expect(await session.run(spec)).toMatchObject({ ok: false, reason: 'file-changed' });
    const child = session.app(SHELL, ['-c', 'true'], { children: [{ path, sha256: spec.sha256 }] });
    expect(await session.run(child)).toMatchObject({ ok: false, reason: 'child-changed' });
  });

  rootTest('is refused when another user could change it', async () => {
    const path = join(session.programs, 'writable');
    copyFileSync(SHELL, path);
    chmodSync(path, 0o757);
    expect(await session.run(session.app(path, ['-c', 'true']))).toMatchObject({ ok: false, reason: 'file-unsafe' });
  });

  rootTest('is refused with its reason when it is no program, is not there, or no session is open', async () => {
    const data = join(session.programs, 'data');
    writeFileSync(data, 'just text', { mode: 0o755 });
    expect(await session.run(session.app(data, []))).toMatchObject({ ok: false, reason: 'file-not-a-program' });
    const gone = { path: join(session.programs, 'gone'), sha256: '0'.repeat(64) };
    expect(await session.run({ ...session.app(SHELL, []), ...gone })).toMatchObject({ ok: false, reason: 'file-missing' });
    expect(await session.run({ ...session.app(SHELL, []), sessionId: 'f'.repeat(32) })).toMatchObject({ reason: 'session-unknown' });
  });

  rootTest('is refused when it is a script whose interpreter the policy does not name', async () => {
    const path = join(session.programs, 'script');
    writeFileSync(path, '#!/bin/dash\nexit 5\n', { mode: 0o755 });
    expect(await session.run(session.app(path, []))).toMatchObject({ ok: false, reason: 'file-not-a-program' });
    expect(await session.run(session.app(path, [], { children: [named(SHELL)] }))).toMatchObject({ exitCode: 5 });
  });
});

describe('a script that the policy names for an interpreter', () => {
  const interpreted = (path: string): { readonly path: string; readonly sha256: string } => ({ path, sha256: named(path).sha256 });

  rootTest('may be read by it, by content and inode; another one may not, and neither may be started', async () => {
    const [listed, unlisted] = ['listed', 'unlisted'].map((name) => join(session.programs, name));
    if (listed === undefined || unlisted === undefined) throw new Error('There are two.');
    // Without a mark that it is a program: an interpreter asks for none.
    writeFileSync(listed, '#!/bin/dash\necho listed ran\n', { mode: 0o644 });
    writeFileSync(unlisted, '#!/bin/dash\necho unlisted ran\n', { mode: 0o755 });
    const tries = `dash ${listed}; echo $?; ${listed}; echo $?; dash ${unlisted}; echo $?; ${unlisted}; echo $?`;
    const args = ['-c', `exec > /tmp/printed 2> /tmp/complaints; ${tries}`];
    await session.run(session.app(SHELL, args, { children: [named(SHELL)], scripts: [interpreted(listed)] }));
    expect(await session.written('/tmp/printed')).toBe('listed ran\n0\n126\n2\n126\n');
    // The control: without being named it is not read either.
    await session.run(session.app(SHELL, args, { children: [named(SHELL)] }));
    expect(await session.written('/tmp/printed')).toBe('2\n126\n2\n126\n');
  });

  rootTest('keeps the application from starting when its content is another, or another user could change it', async () => {
    const path = join(session.programs, 'changing');
    writeFileSync(path, 'echo one\n', { mode: 0o644 });
    const scripts = [interpreted(path)];
    writeFileSync(path, 'echo two\n');
    expect(await session.run(session.app(SHELL, ['-c', 'exit 0'], { scripts }))).toMatchObject({ ok: false, reason: 'child-changed' });
    chmodSync(path, 0o666);
    const open = [interpreted(path)];
    expect(await session.run(session.app(SHELL, ['-c', 'exit 0'], { scripts: open }))).toMatchObject({
      ok: false,
      reason: 'child-changed',
    });
  });

  rootTest('is as little as a working folder a way to another place: the application starts in the folder that is named', async () => {
    const printing = ['-c', 'pwd > /tmp/printed'];
    await session.run(session.app(SHELL, printing, { cwd: session.programs }));
    expect(await session.written('/tmp/printed')).toBe(`${session.programs}\n`);
    const nowhere = session.app(SHELL, printing, { cwd: `${session.programs}/nowhere` });
    expect(await session.run(nowhere)).toMatchObject({ ok: false, reason: 'start-failed' });
  });
});

describe('what an application leaves running when its first process ends', () => {
  const children = [named('/usr/bin/setsid'), named('/bin/sleep'), named(SHELL)];
  const DAEMON = 'setsid dash -c "setsid sleep 1000 &" & wait; exit 5';

  /** A double fork: a daemon in a session of its own whose parents have all ended. */
  async function leaving(): Promise<{ readonly gone: Promise<void>; readonly isGone: () => boolean }> {
    const exit = Promise.withResolvers<AppExit>();
    const app = await startApp(session.launcher, session.app(SHELL, ['-c', DAEMON], { children }), exit.resolve);
    if (!app.ok) throw new Error(app.detail);
    let isGone = false;
    void app.gone.then(() => {
      isGone = true;
    });
    expect(await exit.promise).toMatchObject({ exitCode: 5 });
    await expect.poll(() => sleepers(), started).toBe(1);
    return { gone: app.gone, isGone: () => isGone };
  }

  rootTest('is the application still: it stands still and ends when that is asked of it', async () => {
    const { gone, isGone } = await leaving();
    await session.launcher.freeze(session.sessionId, 'test', true);
    const [sleeper = 0] = processesOf(session.seat.app.uid, 'sleep');
    const [, group = ''] = /^0::(.+)$/mu.exec(readFileSync(`/proc/${sleeper}/cgroup`, 'utf8')) ?? [];
    expect(readFileSync(join((await cgroupMount()) ?? '', group, 'cgroup.events'), 'utf8')).toMatch(/^frozen 1$/mu);
    expect(isGone()).toBe(false);
    await session.launcher.endApp(session.sessionId, 'test');
    await gone;
    expect(sleepers()).toBe(0);
  });

  rootTest('is gone when the last of it ends by itself', async () => {
    const { gone, isGone } = await leaving();
    expect(isGone()).toBe(false);
    for (const pid of processesOf(session.seat.app.uid, 'sleep')) process.kill(pid, 'SIGTERM');
    await gone;
  });

  rootTest('is gone with the session', async () => {
    const { gone, isGone } = await leaving();
    expect(isGone()).toBe(false);
    expect(await session.launcher.endSession(session.sessionId)).toMatchObject({ processes: 1, clean: true });
    await gone;
  });
});

describe('the end of a session', () => {
  rootTest('takes the whole tree with it, daemonised grandchildren included', async () => {
    const { launcher } = session.seat;
    const { sessionId } = session;
    await session.shell('for i in 1 2 3 4 5; do ( setsid dash -c "setsid sleep 1000 & setsid sleep 1000 &" & ) ; done', [
      '/usr/bin/setsid',
      SHELL,
      '/bin/sleep',
    ]);
    await expect.poll(() => sleepers(), started).toBe(10);
    expect(await launcher.endSession(sessionId)).toEqual({ sessionId, processes: 10, clean: true });
    expect(sleepers()).toBe(0);
    expect(await launcher.endSession(sessionId)).toEqual({ sessionId, processes: 0, clean: true });
  });

  rootTest('is not the end of one application, which ends alone with what it started', async () => {
    const { launcher } = session.seat;
    const ended = Promise.withResolvers<AppExit>();
    const children = [named('/usr/bin/setsid'), named('/bin/sleep')];
    const spec = session.app(SHELL, ['-c', 'setsid sleep 1000 & sleep 1000'], { children, appId: 'one' });
    await startApp(launcher, spec, ended.resolve);
    await expect.poll(() => sleepers(), started).toBe(2);
    await launcher.endApp(session.sessionId, 'one');
    expect(await ended.promise).toMatchObject({ appId: 'one', signal: 'SIGKILL' });
    expect(sleepers()).toBe(0);
    expect(await session.run(session.app(SHELL, ['-c', 'exit 3']))).toMatchObject({ exitCode: 3 });
  });

  rootTest('comes at once when its first process is killed, and nothing more can be started in it', async () => {
    await session.shell('(setsid sleep 1000 &)', ['/usr/bin/setsid', '/bin/sleep']);
    await expect.poll(() => sleepers(), started).toBe(1);
    const inside = await insideSession(session.seat.state, session.sessionId, '/');
    const init = Number(inside.split('/')[2]);
    expect(processesOf(NOBODY, 'sleep')).toContain(init);
    process.kill(init, 'SIGKILL');
    await expect.poll(() => sleepers(), started).toBe(0);
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await session.run(session.app(SHELL, ['-c', 'exit 0']))).toMatchObject({
        ok: false,
        reason: expect.stringMatching(/^(?:start|layer)-failed$/u),
      });
    }
    expect(await session.seat.launcher.endSession(session.sessionId)).toMatchObject({ clean: true });
  });

  rootTest('can wait: a frozen application stands still and goes on', async () => {
    const { launcher, app } = session.seat;
    await startApp(launcher, session.app(SHELL, ['-c', 'while :; do :; done']));
    await launcher.freeze(session.sessionId, 'test', true);
    const [pid = 0] = processesOf(app.uid, 'dash');
    const before = cpuTicks(pid);
    await new Promise((done) => setTimeout(done, FROZEN_LOOK_MS));
    expect(cpuTicks(pid)).toBe(before);
    await launcher.freeze(session.sessionId, 'test', false);
    await expect.poll(() => cpuTicks(pid), started).not.toBe(before);
  });
});
