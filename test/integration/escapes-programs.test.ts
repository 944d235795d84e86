/**
 * Ways out by programs, numbered as in the list of escapes. Each is tried from inside a real session, against the real
 * kernel; passed means that nothing ran that the policy does not name.
 */
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { CANNOT_EXECUTE, PERL, SHELL, sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';
import { named, startApp } from '../support/sandboxed-seat.ts';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
/** A library that every Debian has and that a session may read, for attempts to load it from elsewhere. */
const LIBRARY = '/lib/x86_64-linux-gnu/libm.so.6';
const WRITABLE = ['/home/wardlock', '/tmp', '/dev/shm', '/var/tmp', '/run/user/session'];
const EACCES = 13;
const session = sessionTests();

describe('programs that the policy does not name', () => {
  rootTest('escape 27 in session: a link that is swapped between check and start starts nothing', async () => {
    const path = join(session.programs, 'link');
    symlinkSync(SHELL, path);
    const { launcher } = session.seat;
    const prepared = await launcher.prepare({ ...session.app(SHELL, ['-c', 'exit 0']), path });
    symlinkSync('/bin/true', `${path}.new`);
    renameSync(`${path}.new`, path);
    if (!prepared.ok) throw new Error(prepared.detail);
    expect(await launcher.start(prepared, () => undefined)).toMatchObject({ ok: false, reason: 'start-failed' });
  });

  rootTest('escape 36 in session: an allowed application starts no shell, no interpreter and no plug-in of its own', async () => {
    const tries = ['/bin/sh', '/bin/dash', '/bin/bash', '/usr/bin/python3', '/usr/bin/env', '/usr/bin/xterm']
      .filter((path) => existsSync(path))
      .map((path) => `print "${path} ", (system { "${path}" } "${path}", "-c", "exit 0") == -1 ? $!+0 : "ran", "\\n";`);
    const printed = await session.perl(tries.join(' '));
    expect(printed.trim().split('\n').length).toBeGreaterThan(3);
    for (const line of printed.trim().split('\n')) expect(line).toMatch(new RegExp(` ${EACCES}$`, 'u'));
    const plugin = `require DynaLoader; for my $to (qw(${WRITABLE.join(' ')})) { open(my $in, "<", "${LIBRARY}") or die; binmode $in; open(my $out, ">", "$to/plug.so") or die; print {$out} join("", <$in>); close $out; print DynaLoader::dl_load_file("$to/plug.so", 0) ? "loaded" : "refused", "\\n"; }`;
    expect(await session.perl(plugin)).toBe('refused\n'.repeat(WRITABLE.length));
  });

  rootTest('escape 36 in session: an unlisted program can not even be read, so the loader can not start it', async () => {
    const printed = await session.shell(
      `${LOADER} /bin/true; echo $?; ${LOADER} ${SHELL} -c 'exit 0'; echo $?; read -r line < /bin/true; echo $?`,
    );
    // The second is the control: what the policy names can be read, and the loader may start it.
    expect(printed).toBe('127\n0\n2\n');
  });

  rootTest('escape 36 in session: a listed child runs, an unlisted one does not', async () => {
    expect(await session.shell('/bin/true; echo $?; /bin/false; echo $?', ['/bin/false'])).toBe(`${CANNOT_EXECUTE}\n1\n`);
  });

  rootTest('escape 36 in session: a program in memory does not run', async () => {
    // memfd_create is system call 319 on x86-64; flag 0x10 asks for an executable file, which vm.memfd_noexec=2 denies.
    const printed = await session.perl(`
      $^F = 255;
      my $name = "x";
      print syscall(319, $name, 0x10) < 0 ? "denied ".($!+0)."\\n" : "made\\n";
      open(my $file, ">&=", syscall(319, $name, 0));
      open(my $program, "<", "${PERL}");
      print {$file} join("", <$program>);
      $file->flush();
      my $path = "/proc/self/fd/".fileno($file);
      exec { $path } "perl", "-e", "print qq(ran)";
      print "refused ".($!+0)."\\n";`);
    expect(printed).toBe(`denied ${EACCES}\nrefused ${EACCES}\n`);
  });

  rootTest('escape 36 in session: a user namespace of its own gives no mount that could hold programs', async () => {
    const complaints = 'unshare --user --map-root-user --mount --propagation unchanged mount -t tmpfs none /mnt 2>&1; echo $?';
    const printed = await session.shell(complaints, ['/usr/bin/unshare', '/bin/mount']);
    expect(printed).toMatch(/permission denied|not permitted/iu);
    expect(printed).not.toMatch(/^0$/mu);
  });

  rootTest('escape 37 in session: a renamed, copied or linked program does not run, whatever its name', async () => {
    for (const folder of WRITABLE) {
      const script = [
        `cp ${SHELL} ${folder}/xcalc; chmod 755 ${folder}/xcalc; ${folder}/xcalc -c 'exit 0'; echo $?`,
        `PATH=${folder}:$PATH; xcalc -c 'exit 0'; echo $?`,
        `mv ${folder}/xcalc ${folder}/dash; ${folder}/dash -c 'exit 0'; echo $?`,
        `ln -s /bin/true ${folder}/cp; ${folder}/cp; echo $?`,
        `printf '#!${SHELL}\\nexit 0\\n' > ${folder}/script; chmod 755 ${folder}/script; ${folder}/script; echo $?`,
      ];
      const children = ['/bin/cp', '/bin/chmod', '/bin/mv', '/bin/ln'];
      expect(await session.shell(script.join('; '), children), folder).toBe(`${CANNOT_EXECUTE}\n`.repeat(5));
    }
  });

  rootTest(
    'escape 38 in session: a library that the person brought is not loaded, neither by LD_PRELOAD nor beside the program',
    async () => {
      const script = `cp ${LIBRARY} /tmp/evil.so; LD_PRELOAD=/tmp/evil.so ${SHELL} -c 'while read -r line; do echo "$line"; done < /proc/self/maps'`;
      const maps = await session.shell(script, ['/bin/cp', SHELL]);
      expect(maps).toContain('libc.so.6');
      // The loader leaves its first, read-only mapping behind; nothing of the file is executable.
      expect(maps).not.toMatch(/^\S+ ..x. .*evil\.so$/mu);
      expect(await session.written('/tmp/complaints')).toContain('cannot be preloaded');
      const path = join(session.programs, 'beside');
      copyFileSync(SHELL, path);
      const beside = session.app(path, ['-c', `: > ${session.programs}/libc.so.6`]);
      expect(await session.run(beside)).toMatchObject({ exitCode: 2 });
      expect(existsSync(join(session.programs, 'libc.so.6'))).toBe(false);
    },
  );

  rootTest('escape 39 in session: nothing is left to be started later, and what was left is gone with the session', async () => {
    const later = ['crontab -l', 'at now', 'batch', 'systemd-run --user true', 'systemctl --user start x'].map(
      (line) => `${line}; echo $?`,
    );
    for (const line of (await session.shell(later.join('; '))).trim().split('\n')) expect(line).toMatch(/^12[67]$/u);
    const places = ['/var/spool/cron', '/var/spool/cron/crontabs', '/etc/cron.d', '/etc/xdg/autostart', '/etc/init.d', '/run/systemd'];
    expect(await session.shell(`for f in ${places.join(' ')}; do ( : > $f/evil ) && echo $f; done; true`)).toBe('');
    await session.shell('mkdir -p ~/.config/autostart; echo x > ~/.config/autostart/evil.desktop; echo x > ~/.profile', ['/bin/mkdir']);
    const { launcher } = session.seat;
    await launcher.endSession(session.sessionId);
    launcher.openSession({ sessionId: session.sessionId });
    expect(await session.shell('echo ~/.[!.]* /tmp/*')).toBe('/home/wardlock/.[!.]* /tmp/complaints /tmp/printed\n');
  });

  rootTest('escape 41 in session: an update in mid-session neither runs unchecked nor breaks what the next session may run', async () => {
    const path = join(session.programs, 'updated');
    copyFileSync(SHELL, path);
    const before = session.app(path, ['-c', 'exit 1']);
    expect(await session.run(before)).toMatchObject({ exitCode: 1 });
    const running = await startApp(
      session.seat.launcher,
      session.app(SHELL, ['-c', `while [ ! -e /tmp/go ]; do :; done; ${path} -c 'exit 0'; echo $? > /tmp/child`], {
        children: [named(path)],
      }),
    );
    expect(running).toMatchObject({ ok: true });
    writeFileSync(`${path}.new`, Buffer.concat([readFileSync(SHELL), Buffer.from('version 2')]), { mode: 0o755 });
    renameSync(`${path}.new`, path);
    expect(await session.run(before)).toMatchObject({ ok: false, reason: 'file-changed' });
    await session.shell(': > /tmp/go');
    await expect.poll(() => session.written('/tmp/child').catch(() => ''), { timeout: 5_000 }).toBe(`${CANNOT_EXECUTE}\n`);
    const { launcher } = session.seat;
    await launcher.endSession(session.sessionId);
    launcher.openSession({ sessionId: session.sessionId });
    expect(await session.run(session.app(path, ['-c', 'exit 2']))).toMatchObject({ exitCode: 2 });
  });
});

describe('between an application and the seat', () => {
  const connect = (address: string): string =>
    `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un("${address}")) ? "open" : "refused ".($!+0), "\\n";`;

  rootTest('escape 65 in session: no socket of the seat answers an application, by path or by abstract name', async () => {
    const path = join(session.seat.state, 'agent.sock');
    const abstract = `\0wl-test-${process.pid}`;
    const { met, close } = await listen([path, abstract]);
    // ENOENT: the folder is hidden. ECONNREFUSED: abstract sockets belong to a network, and the session's own has none.
    expect(await session.perl(connect(path) + connect(abstract.replace('\0', '\\0')))).toBe('refused 2\nrefused 111\n');
    expect(met()).toBe(0);
    await close();
  });

  rootTest('escape 66 in session: no message bus is there to ask, and no service manager to start what is denied', async () => {
    const path = `/run/wl-test-bus-${process.pid}`;
    const { met, close } = await listen([path]);
    expect(await session.perl(connect(path) + connect('/run/dbus/system_bus_socket') + connect('/run/systemd/private'))).toBe(
      'refused 2\n'.repeat(3),
    );
    expect(met()).toBe(0);
    await close();
    const asked = [
      'dbus-send --system / x.y',
      'dbus-launch true',
      'gdbus call',
      'busctl',
      'systemd-run --user true',
      'at now',
      'crontab -l',
    ];
    const printed = await session.shell(asked.map((line) => `${line}; echo $?`).join('; '));
    for (const line of printed.trim().split('\n')) expect(line).toMatch(/^12[67]$/u);
  });

  async function listen(addresses: readonly string[]): Promise<{ readonly met: () => number; readonly close: () => Promise<void> }> {
    let met = 0;
    const servers = await Promise.all(
      addresses.map(async (address) => {
        const server = net.createServer(() => {
          met += 1;
        });
        await new Promise<void>((done) => server.listen(address, done));
        if (!address.startsWith('\0')) chmodSync(address, 0o666);
        return server;
      }),
    );
    const close = async (): Promise<void> => {
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    };
    return { met: () => met, close };
  }
});
