/**
 * The enforced launcher against the real kernel: real users, namespaces, Landlock and cgroups. Each test asks a program
 * inside a session to do something and reads from outside what came of it.
 */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { AppExit, LaunchRefusal, LaunchSpec } from '../../agent/launch/port.ts';
import { cpuTicks, processesOf } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { insideSession, named, openSeat, runApp, type Seat, startApp } from '../support/sandboxed-seat.ts';

const SHELL = '/bin/dash';
const PERL = '/usr/bin/perl';
const LOADER = '/lib64/ld-linux-x86-64.so.2';
const CANNOT_EXECUTE = 126;

let seat: Seat;
let sessionId = '';
let sessions = 0;
/** A folder of root that a policy could name programs in; not one that sessions hide. */
let programs = '';

beforeAll(async () => {
  if (!isLinuxRoot) return;
  seat = await openSeat();
  programs = mkdtempSync('/opt/wl-test-');
  chmodSync(programs, 0o755);
});

afterAll(async () => {
  if (!isLinuxRoot) return;
  await seat.close();
  rmSync(programs, { recursive: true, force: true });
});

beforeEach(() => {
  if (!isLinuxRoot) return;
  sessions += 1;
  sessionId = sessions.toString(16).padStart(32, '0');
  seat.launcher.openSession({ sessionId });
});

afterEach(async () => {
  if (isLinuxRoot) await seat.launcher.endSession(sessionId);
});

function app(path: string, args: readonly string[], more: Partial<LaunchSpec> = {}): LaunchSpec {
  return { sessionId, appId: 'test', ...named(path), args, env: {}, children: [], ...more };
}

/** Runs a shell script as the application, with `children` as the programs that it may start. */
async function shell(script: string, children: readonly string[] = []): Promise<AppExit | LaunchRefusal> {
  return runApp(seat.launcher, app(SHELL, ['-c', script], { children: children.map(named) }));
}

function sleepers(): number {
  return processesOf(seat.app.uid, 'sleep').length;
}

async function written(file: string): Promise<string> {
  return readFileSync(await insideSession(seat.state, sessionId, file), 'utf8');
}

describe('an application of the policy', () => {
  rootTest('runs, and its exit is told with its code', async () => {
    expect(seat.launcher.mode.name).toBe('enforced');
    expect(await shell('exit 7')).toMatchObject({ appId: 'test', sessionId, exitCode: 7, signal: null });
  });

  rootTest('runs as a user of the pool that is neither root nor the screens, with no right left', async () => {
    await shell('while read -r line; do echo "$line"; done < /proc/self/status > /tmp/status');
    const status = await written('/tmp/status');
    const { uid, gid } = seat.app;
    expect(uid).not.toBe(seat.ui.uid);
    expect(status).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}\n`.trim());
    expect(status).toContain(`Gid:\t${gid}\t${gid}\t${gid}\t${gid}`);
    expect(status).toMatch(/^Groups:\s*$/mu);
    expect(status).toMatch(/^NoNewPrivs:\t1$/mu);
    expect(status).toMatch(/^CapBnd:\t0+$/mu);
    expect(status).toMatch(/^CapEff:\t0+$/mu);
  });

  rootTest('has standard streams that lead nowhere, and no other descriptor', async () => {
    await shell('ls -l /proc/self/fd > /tmp/fds', ['/bin/ls']);
    const [, ...links] = (await written('/tmp/fds')).trim().split('\n');
    const targets = links.map((line) => line.slice(line.indexOf(':') + 4));
    // 1 is the file that the shell was told to write, 3 the folder that is being listed.
    expect(targets).toEqual([
      expect.stringMatching(/0 -> \/dev\/null$/u),
      expect.stringMatching(/1 -> /u),
      expect.stringMatching(/2 -> \/dev\/null$/u),
      expect.stringMatching(/3 -> \/proc\/\d+\/fd$/u),
    ]);
  });

  rootTest('gets an environment that is built from nothing', async () => {
    process.env['LD_PRELOAD'] = '';
    process.env['WL_SECRET'] = 'of the agent';
    const env = { LD_PRELOAD: '/tmp/evil.so', LD_LIBRARY_PATH: '/tmp', GREETING: 'hello' };
    try {
      await runApp(seat.launcher, app(SHELL, ['-c', 'export -p > /tmp/env'], { env }));
    } finally {
      delete process.env['LD_PRELOAD'];
      delete process.env['WL_SECRET'];
    }
    const environment = await written('/tmp/env');
    expect(environment).toContain("GREETING='hello'");
    expect(environment).toContain("HOME='/home/wardlock'");
    expect(environment).not.toMatch(/LD_|WL_SECRET|NODE/u);
  });

  rootTest('sees its own processes only, its own empty home, and no folder of the seat', async () => {
    await shell(
      'echo /proc/[0-9]* > /tmp/seen; echo * .[!.]* >> /tmp/seen; echo /home/* >> /tmp/seen; [ -e "$0" ] && echo visible >> /tmp/seen; true',
    );
    const [processes, home, homes] = (await written('/tmp/seen')).trim().split('\n');
    expect(processes?.split(' ')).toHaveLength(1);
    expect(home).toBe('* .[!.]*');
    expect(homes).toBe('/home/wardlock');
    await shell(`[ -e ${join(seat.state, 'users.json')} ]; echo $? > /tmp/state`);
    expect(await written('/tmp/state')).toBe('1\n');
  });
});

describe('what is not named by the policy', () => {
  rootTest('an unlisted program is denied, a listed child runs', async () => {
    await shell('/bin/true; echo $? > /tmp/out; /bin/false; echo $? >> /tmp/out', ['/bin/false']);
    expect(await written('/tmp/out')).toBe(`${CANNOT_EXECUTE}\n1\n`);
  });

  rootTest('an unlisted program can not even be read, so neither the loader nor a copy can start it', async () => {
    const script = `${LOADER} /bin/true; echo $? > /tmp/out; read -r line < /bin/true; echo $? >> /tmp/out`;
    await shell(script);
    const [byLoader, byReading] = (await written('/tmp/out')).trim().split('\n');
    expect(byLoader).not.toBe('0');
    expect(byReading).toBe('2');
  });

  rootTest('a copy of an allowed program in a folder that the person can write is denied', async () => {
    for (const folder of ['/home/wardlock', '/tmp', '/dev/shm', '/var/tmp', '/run/user/session']) {
      await shell(`cp ${SHELL} ${folder}/sh && chmod 755 ${folder}/sh && ${folder}/sh -c 'exit 0'; echo $? > /tmp/out`, [
        '/bin/cp',
        '/bin/chmod',
      ]);
      expect(await written('/tmp/out'), folder).toBe(`${CANNOT_EXECUTE}\n`);
    }
  });

  rootTest('a program in memory is denied', async () => {
    // memfd_create is system call 319 on x86-64; flag 0x10 asks for an executable file, which vm.memfd_noexec=2 denies.
    const script = `
      $^F = 255;
      my $name = "x";
      print syscall(319, $name, 0x10) < 0 ? "denied ".($!+0)."\n" : "made\n";
      open(my $file, ">&=", syscall(319, $name, 0));
      open(my $shell, "<", "${SHELL}");
      print {$file} join("", <$shell>);
      $file->flush();
      $| = 1;
      exec({ "/proc/self/fd/".fileno($file) } "sh", "-c", "echo ran") or print "refused ".($!+0)."\n";`;
    await runApp(seat.launcher, app(SHELL, ['-c', `${PERL} -e '${script}' > /tmp/out`], { children: [named(PERL)] }));
    expect(await written('/tmp/out')).toBe('denied 13\nrefused 13\n');
  });

  rootTest('a user namespace of its own gives no mount that could hold programs', async () => {
    await shell('unshare --user --map-root-user --mount mount -t tmpfs none /mnt; echo $? > /tmp/out', ['/usr/bin/unshare', '/bin/mount']);
    expect(await written('/tmp/out')).not.toBe('0\n');
  });

  rootTest('a file whose content is not the one of the policy is refused, and nothing starts', async () => {
    const path = join(programs, 'changed');
    copyFileSync(SHELL, path);
    const spec = app(path, ['-c', 'true']);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]));
    expect(await runApp(seat.launcher, spec)).toMatchObject({ ok: false, reason: 'file-changed' });
    const child = app(SHELL, ['-c', 'true'], { children: [{ path, sha256: spec.sha256 }] });
    expect(await runApp(seat.launcher, child)).toMatchObject({ ok: false, reason: 'child-changed' });
  });

  rootTest('a program that another user could change is refused', async () => {
    const path = join(programs, 'writable');
    copyFileSync(SHELL, path);
    chmodSync(path, 0o757);
    expect(await runApp(seat.launcher, app(path, ['-c', 'true']))).toMatchObject({ ok: false, reason: 'file-unsafe' });
  });

  rootTest('what is no program, or not there, is refused with its reason', async () => {
    const data = join(programs, 'data');
    writeFileSync(data, 'just text', { mode: 0o755 });
    expect(await runApp(seat.launcher, app(data, []))).toMatchObject({ ok: false, reason: 'file-not-a-program' });
    const gone = { path: join(programs, 'gone'), sha256: '0'.repeat(64) };
    expect(await runApp(seat.launcher, { ...app(SHELL, []), ...gone })).toMatchObject({ ok: false, reason: 'file-missing' });
    expect(await runApp(seat.launcher, { ...app(SHELL, []), sessionId: 'f'.repeat(32) })).toMatchObject({
      ok: false,
      reason: 'session-unknown',
    });
  });

  rootTest('a script runs only when the policy names its interpreter as well', async () => {
    const path = join(programs, 'script');
    writeFileSync(path, '#!/bin/dash\nexit 5\n', { mode: 0o755 });
    expect(await runApp(seat.launcher, app(path, []))).toMatchObject({ ok: false, reason: 'file-not-a-program' });
    expect(await runApp(seat.launcher, app(path, [], { children: [named(SHELL)] }))).toMatchObject({ exitCode: 5 });
  });

  rootTest('a link that is swapped between check and start starts nothing', async () => {
    const path = join(programs, 'link');
    symlinkSync(SHELL, path);
    const spec = { ...app(SHELL, ['-c', 'exit 0']), path };
    const prepared = await seat.launcher.prepare(spec);
    expect(prepared.ok).toBe(true);
    symlinkSync('/bin/true', `${path}.new`);
    renameSync(`${path}.new`, path);
    if (prepared.ok) expect(await seat.launcher.start(prepared, () => undefined)).toMatchObject({ ok: false, reason: 'start-failed' });
  });
});

describe('between an application and the seat', () => {
  rootTest('no socket of the seat answers: not by path, not by abstract name', async () => {
    const path = join(seat.state, 'agent.sock');
    const abstract = `\0wl-test-${process.pid}`;
    let met = 0;
    const servers = [path, abstract].map((address) => net.createServer(() => (met += 1)).listen(address));
    chmodSync(seat.state, 0o755);
    await new Promise((done) => setImmediate(done));
    chmodSync(path, 0o666);
    const connect = (address: string) =>
      `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un("${address}")) ? "open" : "refused ".($!+0), "\\n";`;
    const script = connect(path) + connect(abstract.replace('\0', '\\0'));
    await runApp(seat.launcher, app(SHELL, ['-c', `${PERL} -e '${script}' > /tmp/out 2>&1`], { children: [named(PERL)] }));
    // ENOENT: the folder is hidden. EPERM: Landlock's scope.
    expect(await written('/tmp/out')).toBe('refused 2\nrefused 1\n');
    expect(met).toBe(0);
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    chmodSync(seat.state, 0o700);
  });

  rootTest('nothing but the throw-away folders can be written', async () => {
    await shell(
      'for f in / /etc /usr /var /opt /run /home /dev /sys /var/lib /var/cache; do ( : > $f/wl-test ) 2>/dev/null && echo "$f"; done > /tmp/out; true',
    );
    expect(await written('/tmp/out')).toBe('');
    expect(existsSync('/wl-test')).toBe(false);
  });
});

describe('the end of a session', () => {
  rootTest('takes the whole tree with it, daemonised grandchildren included', async () => {
    const script = 'for i in 1 2 3 4 5; do ( setsid dash -c "setsid sleep 1000 & setsid sleep 1000 &" & ) ; done; echo ready > /tmp/out';
    await shell(script, ['/usr/bin/setsid', SHELL, '/bin/sleep']);
    await expect.poll(() => sleepers(), { timeout: 5_000 }).toBe(10);
    const report = await seat.launcher.endSession(sessionId);
    expect(report).toEqual({ sessionId, processes: 10, clean: true });
    expect(sleepers()).toBe(0);
    expect(await seat.launcher.endSession(sessionId)).toEqual({ sessionId, processes: 0, clean: true });
  });

  rootTest('one application ends with what it started, while the session goes on', async () => {
    const ended = Promise.withResolvers<AppExit>();
    const children = [named('/usr/bin/setsid'), named('/bin/sleep')];
    await startApp(seat.launcher, { ...app(SHELL, ['-c', 'setsid sleep 1000 & sleep 1000'], { children }), appId: 'one' }, ended.resolve);
    await expect.poll(() => sleepers(), { timeout: 5_000 }).toBe(2);
    await seat.launcher.endApp(sessionId, 'one');
    expect(await ended.promise).toMatchObject({ appId: 'one', signal: 'SIGKILL' });
    expect(sleepers()).toBe(0);
    expect(await shell('exit 3')).toMatchObject({ exitCode: 3 });
  });

  rootTest('a frozen session stands still and goes on', async () => {
    await startApp(seat.launcher, app(SHELL, ['-c', 'while :; do :; done']));
    await seat.launcher.freeze(sessionId, true);
    const [pid = 0] = processesOf(seat.app.uid, 'dash');
    const before = cpuTicks(pid);
    await new Promise((done) => setTimeout(done, 100));
    expect(cpuTicks(pid)).toBe(before);
    await seat.launcher.freeze(sessionId, false);
    await expect.poll(() => cpuTicks(pid), { timeout: 5_000 }).not.toBe(before);
  });
});
