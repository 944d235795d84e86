/**
 * Whether a process that runs holds a lock on a file, as /proc/locks tells. Owns the two texts of the kernel: a lock there is a device and
 * an inode, and the numbers of inodes repeat from disk to disk.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';

const LOCKS = '/proc/locks';
const MOUNTS = '/proc/self/mountinfo';
const LOCK = /^\d+:.* ([0-9a-f]+):([0-9a-f]+):(\d+) \S+ \S+$/;
const MOUNT = /^\d+ \d+ (\d+):(\d+) \S+ (\S+) /;

/** False where the system does not tell. */
export function isLocked(path: string): boolean {
  const locks = existsSync(LOCKS) ? readFileSync(LOCKS, 'utf8') : '';
  const mounts = existsSync(MOUNTS) ? readFileSync(MOUNTS, 'utf8') : '';
  return namesLock(locks, { inode: statSync(path).ino, device: deviceOf(mounts, realpathSync(path)) });
}

/** A device as the kernel numbers it, which on some file systems is another than stat(2) says. */
interface Device {
  readonly major: number;
  readonly minor: number;
}

/** @param device `undefined` where it is not known: then the number of the inode is enough */
export function namesLock(locks: string, { inode, device }: { readonly inode: number; readonly device: Device | undefined }): boolean {
  return locks.split('\n').some((line) => {
    const [, major = '', minor = '', locked = ''] = LOCK.exec(line) ?? [];
    if (Number(locked) !== inode || locked === '') return false;
    return device === undefined || (Number.parseInt(major, 16) === device.major && Number.parseInt(minor, 16) === device.minor);
  });
}

/** That of the last of the mounts which the path lies deepest in. */
export function deviceOf(mounts: string, path: string): Device | undefined {
  let deepest = -1;
  let device: Device | undefined;
  for (const line of mounts.split('\n')) {
    const [, major = '', minor = '', escaped = ''] = MOUNT.exec(line) ?? [];
    const point = escaped.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 8)));
    if (point === '' || point.length < deepest || !lies(path, point)) continue;
    deepest = point.length;
    device = { major: Number(major), minor: Number(minor) };
  }
  return device;
}

function lies(path: string, point: string): boolean {
  return path.startsWith(point === '/' ? point : `${point}/`);
}
