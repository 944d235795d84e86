/**
 * Ways to run a program that the policy does not name: escapes 36, 37 and 38. Each tries for real, as an application that the
 * policy allows, and a program that runs is told by what it printed.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { firstOf, mustHold, type Probe, unlessEach, unlessSame } from '../probe.ts';
import { CANNOT_EXECUTE, PERL, SHELL } from '../session.ts';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
/** A library that every Debian has and that a session may read, for attempts to load it from elsewhere. */
const LIBRARY = '/lib/x86_64-linux-gnu/libm.so.6';
export const WRITABLE = ['/home/wardlock', '/tmp', '/dev/shm', '/var/tmp', '/run/user/session'];
const EACCES = 13;

const interpreters: Probe = {
  escape: 36,
  what: 'an allowed application starts no shell, no interpreter and no plug-in of its own',
  needs: [PERL, LIBRARY],
  async attempt(session) {
    const programs = ['/bin/sh', '/bin/dash', '/bin/bash', '/usr/bin/python3', '/usr/bin/env', '/usr/bin/xterm'].filter(existsSync);
    const tries = programs.map((path) => `print "${path} ", (system { "${path}" } "${path}", "-c", "exit 0") == -1 ? $!+0 : "ran", "\\n";`);
    const printed = await session.perl(tries.join(' '));
    const plugin = `require DynaLoader; for my $to (qw(${WRITABLE.join(' ')})) { open(my $in, "<", "${LIBRARY}") or die; binmode $in; open(my $out, ">", "$to/plug.so") or die; print {$out} join("", <$in>); close $out; print DynaLoader::dl_load_file("$to/plug.so", 0) ? "loaded" : "refused", "\\n"; }`;
    const loaded = await session.perl(plugin);
    return firstOf([
      unlessEach(printed, new RegExp(` ${EACCES}$`, 'u'), programs.length, 'a program that is not listed'),
      unlessSame(loaded, 'refused\n'.repeat(WRITABLE.length), 'a plug-in from a folder of the person'),
    ]);
  },
};

const loader: Probe = {
  escape: 36,
  what: 'an unlisted program can not even be read, so the loader can not start it',
  needs: [SHELL, LOADER],
  async attempt(session) {
    const printed = await session.shell(
      `${LOADER} /bin/true; echo $?; ${LOADER} ${SHELL} -c 'exit 0'; echo $?; read -r line < /bin/true; echo $?`,
    );
    // The second is the control: what the policy names can be read, and the loader may start it.
    return unlessSame(printed, '127\n0\n2\n', 'unlisted by the loader, listed by the loader, unlisted read');
  },
};

const children: Probe = {
  escape: 36,
  what: 'a listed child runs, an unlisted one does not',
  needs: [SHELL, '/bin/true', '/bin/false'],
  attempt: async (session) =>
    unlessSame(await session.shell('/bin/true; echo $?; /bin/false; echo $?', ['/bin/false']), `${CANNOT_EXECUTE}\n1\n`, 'exit codes'),
};

const memory: Probe = {
  escape: 36,
  what: 'a program in memory does not run',
  needs: [PERL],
  async attempt(session) {
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
    return unlessSame(printed, `denied ${EACCES}\nrefused ${EACCES}\n`, 'a file in memory');
  },
};

const userNamespace: Probe = {
  escape: 36,
  what: 'a user namespace of its own gives no mount that could hold programs',
  needs: [SHELL, '/usr/bin/unshare', '/bin/mount'],
  async attempt(session) {
    const script = 'unshare --user --map-root-user --mount --propagation unchanged mount -t tmpfs none /mnt 2>&1; echo $?';
    const printed = await session.shell(script, ['/usr/bin/unshare', '/bin/mount']);
    const isDenied = /permission denied|not permitted/iu.test(printed) && !/^0$/mu.test(printed);
    return isDenied ? null : `a mount of its own: ${JSON.stringify(printed.slice(0, 300))}`;
  },
};

const renamed: Probe = {
  escape: 37,
  what: 'a renamed, copied or linked program does not run, whatever its name',
  needs: [SHELL, '/bin/cp', '/bin/chmod', '/bin/mv', '/bin/ln'],
  async attempt(session) {
    for (const folder of WRITABLE) {
      const script = [
        `cp ${SHELL} ${folder}/xcalc; chmod 755 ${folder}/xcalc; ${folder}/xcalc -c 'exit 0'; echo $?`,
        `PATH=${folder}:$PATH; xcalc -c 'exit 0'; echo $?`,
        `mv ${folder}/xcalc ${folder}/dash; ${folder}/dash -c 'exit 0'; echo $?`,
        `ln -s /bin/true ${folder}/cp; ${folder}/cp; echo $?`,
        `printf '#!${SHELL}\\nexit 0\\n' > ${folder}/script; chmod 755 ${folder}/script; ${folder}/script; echo $?`,
      ];
      const printed = await session.shell(script.join('; '), ['/bin/cp', '/bin/chmod', '/bin/mv', '/bin/ln']);
      const through = unlessSame(printed, `${CANNOT_EXECUTE}\n`.repeat(script.length), folder);
      if (through !== null) return through;
    }
    return null;
  },
};

const libraries: Probe = {
  escape: 38,
  what: 'a library that the person brought is not loaded, neither by LD_PRELOAD nor beside the program',
  needs: [SHELL, '/bin/cp', LIBRARY],
  async attempt(session) {
    const script = `cp ${LIBRARY} /tmp/evil.so; LD_PRELOAD=/tmp/evil.so ${SHELL} -c 'while read -r line; do echo "$line"; done < /proc/self/maps'`;
    const maps = await session.shell(script, ['/bin/cp', SHELL]);
    mustHold(maps.includes('libc.so.6'), 'What a program has loaded could not be seen.');
    // The loader leaves its first, read-only mapping behind; nothing of the file is executable.
    if (/^\S+ ..x. .*evil\.so$/mu.test(maps)) return 'LD_PRELOAD loaded a library from /tmp';
    if (!(await session.written('/tmp/complaints')).includes('cannot be preloaded'))
      return 'the loader did not say that it refused the library';
    const path = join(session.programs, 'beside');
    const beside = join(session.programs, 'libc.so.6');
    copyFileSync(SHELL, path);
    await session.run(session.app(path, ['-c', `: > ${beside}`]));
    const isThere = existsSync(beside);
    rmSync(path, { force: true });
    rmSync(beside, { force: true });
    return isThere ? 'a library could be put beside an allowed program' : null;
  },
};

export const programProbes: readonly Probe[] = [interpreters, loader, children, memory, userNamespace, renamed, libraries];
