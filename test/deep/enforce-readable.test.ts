/**
 * Looks at a session from inside: every file of the machine that an application can open, and what it is. None of them may be a
 * program or a script that the policy does not name, because a loader or an interpreter could be fed with it.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect } from 'vitest';
import { PERL, SHELL, sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';

const session = sessionTests();

/**
 * Opens every regular file below / and prints those that are ELF with an interpreter (PT_INTERP) or start with `#!`, then how many
 * could be read and how many not. Written apart from the product's own reading of ELF files, which it checks.
 */
const LIST = `
  use Fcntl;
  my ($read, $denied) = (0, 0);
  my @folders = ("/");
  while (defined(my $folder = shift @folders)) {
    opendir(my $handle, $folder) or next;
    for my $name (readdir $handle) {
      next if $name eq "." || $name eq "..";
      my $path = ($folder eq "/" ? "" : $folder)."/".$name;
      lstat $path;
      if (-d _ && $path !~ m{^/(proc|sys)$}) { push @folders, $path; next }
      next unless -f _;
      if (!sysopen(my $file, $path, O_RDONLY)) { $denied++; next }
      else {
        $read++;
        my $head = "";
        sysread($file, $head, 64);
        if (substr($head, 0, 2) eq "#!") { print "script $path\\n"; next }
        next unless length $head == 64 && substr($head, 0, 4) eq "\\x7fELF";
        my ($at, $size, $count) = (unpack("Q<", substr($head, 32, 8)), unpack("S<", substr($head, 54, 2)), unpack("S<", substr($head, 56, 2)));
        my $table = "";
        sysseek($file, $at, 0);
        sysread($file, $table, $size * $count);
        for my $index (0 .. $count - 1) {
          if (unpack("L<", substr($table, $index * $size, 4)) == 3) { print "program $path\\n"; last }
        }
      }
    }
  }
  print "counted $read $denied\\n";`;

/** Shared objects that carry an interpreter so that they can print their version. As a program they do only that. */
const TALKING_LIBRARIES =
  /^(?:libc\.so\.6|libc-[0-9.]+\.so|libpthread[-.0-9]*\.so[.0-9]*|libcap\.so[.0-9]*|libpsx\.so[.0-9]*|pam_cap\.so)$/u;

describe('what a session can read', () => {
  rootTest('holds no program and no script but those of the policy', async () => {
    const lines = (await session.perl(LIST)).trim().split('\n');
    const counted = lines.at(-1)?.match(/^counted (\d+) (\d+)$/u);
    // The control: it did read libraries and data, and it was kept from much.
    expect(Number(counted?.[1])).toBeGreaterThan(500);
    expect(Number(counted?.[2])).toBeGreaterThan(100);
    const found = lines.slice(0, -1).map((line) => line.slice(line.indexOf(' ') + 1));
    // Debian has the interpreter under two names of one inode, and rules bind to inodes.
    const own = statSync(PERL).ino;
    expect(found.filter((path) => statSync(path).ino === own)).toContain(realpathSync(PERL));
    expect(found.filter((path) => statSync(path).ino !== own && !TALKING_LIBRARIES.test(basename(path)))).toEqual([]);
  });

  rootTest('is looked at anew for each application: what a package adds in mid-session is judged for the next ones', async () => {
    mkdirSync('/usr/local/share/fonts', { recursive: true });
    const folder = mkdtempSync('/usr/local/share/fonts/wl-test-');
    chmodSync(folder, 0o755);
    const [data = '', script = ''] = ['data', 'script'].map((name) => join(folder, name));
    const opening = `for my $f ("${data}", "${script}") { print open(my $in, "<", $f) ? "read" : $!+0, "\\n" }`;
    writeFileSync(data, 'data');
    writeFileSync(script, '#!/bin/dash\n');
    try {
      // The one that was ready before knew the folder as it was; whatever comes after it knows it as it is.
      await session.perl(opening);
      expect(await session.perl(opening)).toBe('read\n13\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  rootTest('is nothing of its neighbours for a program that lies in a folder of many packages', async () => {
    const program = `/opt/wl-test-program-${process.pid}`;
    const neighbour = mkdtempSync('/opt/wl-test-neighbour-');
    chmodSync(neighbour, 0o755);
    writeFileSync(join(neighbour, 'data'), 'of another package');
    copyFileSync(realpathSync(SHELL), program);
    try {
      const args = ['-c', `read -r line < ${neighbour}/data; echo $? > /tmp/printed`];
      await session.run(session.app(program, args));
      expect(await session.written('/tmp/printed')).toBe('2\n');
    } finally {
      for (const path of [program, neighbour]) rmSync(path, { recursive: true });
    }
  });
});
