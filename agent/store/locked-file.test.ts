import { expect, test } from 'vitest';
import { deviceOf, namesLock } from './locked-file.ts';

const LOCKS = `1: POSIX  ADVISORY  WRITE 1234 08:02:131 1073741824 1073742335
2: FLOCK  ADVISORY  WRITE 77 00:1f:12 0 EOF
2: -> FLOCK  ADVISORY  WRITE 78 00:1f:13 0 EOF
`;
const MOUNTS = `22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
30 22 0:31 / /tmp rw,nosuid - tmpfs tmpfs rw
31 30 0:44 / /tmp/with\\040space rw - tmpfs tmpfs rw
32 30 0:45 / /tmp/twice rw - tmpfs tmpfs rw
33 32 0:46 / /tmp/twice rw - tmpfs tmpfs rw
`;

test('a lock on the same number of another disk is no lock on this file', () => {
  expect(namesLock(LOCKS, { inode: 131, device: { major: 8, minor: 2 } })).toBe(true);
  expect(namesLock(LOCKS, { inode: 131, device: { major: 0, minor: 31 } })).toBe(false);
  expect(namesLock(LOCKS, { inode: 12, device: { major: 0, minor: 31 } })).toBe(true);
  expect(namesLock(LOCKS, { inode: 13, device: { major: 0, minor: 31 } })).toBe(true);
  expect(namesLock(LOCKS, { inode: 31, device: { major: 8, minor: 2 } })).toBe(false);
  // Where the disk is not known, the number is enough.
  expect(namesLock(LOCKS, { inode: 131, device: undefined })).toBe(true);
  expect(namesLock('', { inode: 131, device: undefined })).toBe(false);
});

test.each([
  ['/var/lib/audit.db', 8, 2],
  ['/tmp/audit.db', 0, 31],
  ['/tmpfile', 8, 2],
  ['/tmp/with space/audit.db', 0, 44],
  ['/tmp/twice/audit.db', 0, 46],
])('%s lies on the disk that is mounted there', (path, major, minor) => {
  expect(deviceOf(MOUNTS, path)).toEqual({ major, minor });
});

test('without a list of mounts no disk is known', () => {
  expect(deviceOf('', '/tmp/audit.db')).toBeUndefined();
});
