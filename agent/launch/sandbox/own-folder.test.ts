import { expect, test } from 'vitest';
import { ownFolder } from './own-folder.ts';

test.each(['/opt/records/records', '/opt/records/bin/records', '/usr/lib/records/records', '/usr/local/records/bin/x', '/srv/records/x'])(
  '%s has a folder of its own',
  (path) => {
    expect(ownFolder(path)).toBe(path.slice(0, path.lastIndexOf('/')));
  },
);

test.each([
  ...['/records', '/opt/records', '/srv/records', '/etc/records', '/bin/ls', '/sbin/x', '/lib/x', '/lib64/ld-linux-x86-64.so.2'],
  ...['/usr/records', '/usr/bin/ls', '/usr/sbin/x', '/usr/games/x', '/usr/lib/x', '/usr/libexec/x', '/usr/share/x'],
  ...['/usr/local/records', '/usr/local/bin/x', '/usr/local/lib/x', '/var/records', '/var/lib/x'],
  ...['/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/aarch64-linux-gnu/x', '/usr/local/lib/x86_64-linux-gnu/x'],
])('%s lies among programs of others and owns none of them', (path) => {
  expect(ownFolder(path)).toBeUndefined();
});
