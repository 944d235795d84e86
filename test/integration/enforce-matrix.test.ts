/**
 * The ways to run a program that the policy does not name, one test each, against all layers at once. What an allowed interpreter
 * does with what it is told is the row that no layer of the system can see; docs/limitations.md says so, and the last test holds its border.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { classifyFile } from '../../agent/launch/elf.ts';
import { CANNOT_EXECUTE, PERL, SHELL, sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';
import { named } from '../support/sandboxed-seat.ts';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const STATIC = '/sbin/ldconfig';
const BASH = '/bin/bash';
const session = sessionTests();
const denied = `${CANNOT_EXECUTE}\n`;

describe('a program that the policy does not name is denied', () => {
  rootTest('by its path', async () => {
    expect(await session.shell('/bin/true; echo $?')).toBe(denied);
  });

  rootTest('when it needs no loader', async () => {
    expect(classifyFile(STATIC)).toEqual({ kind: 'program', loader: undefined });
    expect(await session.shell(`${STATIC} --version; echo $?`)).toBe(denied);
  });

  rootTest('by a link of the person', async () => {
    expect(await session.shell('ln -s /bin/true /tmp/x; /tmp/x; echo $?', ['/bin/ln'])).toBe(denied);
  });

  rootTest('as a script of the system, given to its interpreter or not', async () => {
    const script = join(session.programs, 'script');
    writeFileSync(script, '#!/bin/dash\necho ran\n', { mode: 0o755 });
    expect(await session.shell(`${script}; echo $?; ${SHELL} ${script}; echo $?; . ${script}`, [SHELL])).toBe(`${denied}2\n`);
    expect(await session.perl(`print do { open(my $in, "<", "${script}") ? "read" : "denied ".($!+0) }`)).toBe('denied 13');
  });

  rootTest('as a copy of an allowed one', async () => {
    expect(await session.shell(`cp ${SHELL} /tmp/x; chmod 755 /tmp/x; /tmp/x -c 'echo ran'; echo $?`, ['/bin/cp', '/bin/chmod'])).toBe(
      denied,
    );
  });

  rootTest('through the loader', async () => {
    expect(await session.shell(`${LOADER} /bin/true; echo $?`)).toBe('127\n');
    expect(await session.shell(`cp ${SHELL} /tmp/x; ${LOADER} /tmp/x -c 'echo ran'; echo $?`, ['/bin/cp'])).toBe('127\n');
  });

  rootTest('in a user namespace, on a file system of its own or on one that is shown at another place', async () => {
    const inside = (line: string): string => `unshare --user --map-root-user --mount --propagation unchanged dash -c '${line}'; echo $?`;
    const children = ['/usr/bin/unshare', '/bin/mount', SHELL, '/bin/cp'];
    const fresh = inside(`mount -t tmpfs none /mnt && cp ${SHELL} /mnt/x && /mnt/x -c "echo ran"`);
    const bound = inside('mount --bind /bin /mnt && /mnt/true && echo ran');
    const opened = inside('mount -o remount,exec,bind /tmp && echo ran');
    for (const script of [fresh, bound, opened]) expect(await session.shell(script, children)).not.toMatch(/ran|^0$/mu);
    // The control: the namespace itself was there, so it is the mount that was denied.
    expect(await session.shell(inside('echo here'), children)).toBe('here\n0\n');
  });

  rootTest('as a library that a program is made to load', async () => {
    const preload = `cp /lib/x86_64-linux-gnu/libm.so.6 /tmp/x.so; LD_PRELOAD=/tmp/x.so ${SHELL} -c :`;
    await session.shell(preload, ['/bin/cp', SHELL]);
    expect(await session.written('/tmp/complaints')).toContain('cannot be preloaded');
    if (!existsSync(BASH)) return;
    const enable = `exec > /tmp/printed 2> /tmp/complaints; cp /lib/x86_64-linux-gnu/libm.so.6 /tmp/x.so; enable -f /tmp/x.so x; echo $?`;
    await session.run(session.app(BASH, ['-c', enable], { children: [named('/bin/cp')] }));
    expect(await session.written('/tmp/printed')).toBe('1\n');
    expect(await session.written('/tmp/complaints')).toContain('failed to map segment');
  });

  rootTest('as a process of another user that the person asks for it', async () => {
    for (const program of ['/usr/bin/sudo', '/bin/su', '/usr/bin/pkexec', '/usr/bin/chsh', '/usr/bin/newgrp'].filter((path) =>
      existsSync(path),
    )) {
      expect(await session.shell(`${program} --help; echo $?`), program).toBe(denied);
    }
    // Even where the policy named a set-user-id program, it would run without that right.
    expect(statSync('/bin/su').mode & 0o4000).not.toBe(0);
    expect(await session.perl('open(my $in, "<", "/proc/self/status"); print grep { /^NoNewPrivs/ } <$in>')).toBe('NoNewPrivs:\t1\n');
  });
});

describe('an interpreter that the policy names', () => {
  rootTest('does what the person writes, and that starts nothing that the policy does not name', async () => {
    const script = `echo 'print "ran\\n"; print system("/bin/true"), " ", $! + 0, "\\n"' > /tmp/mine; ${PERL} /tmp/mine`;
    expect(await session.shell(script, [PERL])).toBe('ran\n-1 13\n');
  });
});
