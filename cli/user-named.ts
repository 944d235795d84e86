/** Users of this machine by name, for commands that start a process as one of them. */
import { execFileSync } from 'node:child_process';
import type { SeatUser } from '../agent/options.ts';
import { WardlockError } from '../core/errors/index.ts';

const PASSWD_FIELDS = { uid: 2, gid: 3 } as const;

/** Null where no name was given. @throws WardlockError START_USAGE when there is no such user */
export function userNamed(name: string | undefined): SeatUser | null {
  if (name === undefined) return null;
  try {
    const fields = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).trim().split(':');
    const uid = Number(fields[PASSWD_FIELDS.uid]);
    const gid = Number(fields[PASSWD_FIELDS.gid]);
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { name, uid, gid };
  } catch {
    // getent ends with 2 when there is no such user.
  }
  throw new WardlockError('START_USAGE', `There is no user ${name} on this machine.`);
}
