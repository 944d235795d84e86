/**
 * The user that a syncer runs as: root gives up its groups, its group and its user for good before a byte of the network is
 * read. It must never go on with a right that it could take back.
 */
import { WardlockError } from '../../core/errors/index.ts';
import type { SeatUser } from '../options.ts';

const ROOT = 0;

/**
 * @param user null where the syncer stays whoever started it
 * @throws WardlockError START_USAGE for root without a user of its own; OS_CALL_FAILED when the rights could not be given up
 */
export function takeOwnUser(user: SeatUser | null): void {
  const { geteuid, getuid, getgid, getgroups, setgroups, setgid, setuid } = process;
  // Windows has no such users: its service account is the syncer's own.
  if (geteuid === undefined || getuid === undefined || getgid === undefined || getgroups === undefined) return;
  const isRoot = geteuid() === ROOT || getuid() === ROOT;
  if (user === null) {
    if (!isRoot) return;
    throw new WardlockError(
      'START_USAGE',
      'The syncer reads what comes from the network, so it never runs as root. Name its user with --user.',
    );
  }
  if (user.uid === ROOT || user.gid === ROOT)
    throw new WardlockError('START_USAGE', `${user.name} has rights of root. Name another user with --user.`);
  if (!isRoot) {
    if (geteuid() === user.uid) return;
    throw new WardlockError('START_USAGE', `Only root can start the syncer as ${user.name}.`);
  }
  // The user last, because it takes the right to do the others. The C library does each in all threads.
  setgroups?.([user.gid]);
  setgid?.(user.gid);
  setuid?.(user.uid);
  const are = [getuid(), geteuid(), getgid(), ...getgroups()];
  const wanted = new Set([user.uid, user.gid]);
  if (are[0] !== user.uid || are.some((id) => !wanted.has(id)) || canBeRoot()) {
    throw new WardlockError('OS_CALL_FAILED', `The syncer could not become ${user.name} for good.`);
  }
}

function canBeRoot(): boolean {
  try {
    process.setuid?.(ROOT);
    return true;
  } catch {
    return false;
  }
}
