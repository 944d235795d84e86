/**
 * The control groups of one seat: where its sessions and its nested displays are found again when the agent that
 * made them has died. The group of the screens beside them is not the launcher's.
 */
import { join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import { type Cgroup, endCgroup, makeSubgroup, removeIfEmpty } from '../../os/cgroup.ts';

export interface SeatCgroups {
  readonly seat: Cgroup;
  /** Each session is a group in it. */
  readonly sessions: Cgroup;
  /** The servers of nested displays, which run as the user of the screens. */
  readonly displays: Cgroup;
}

/**
 * Ends what a former agent of the seat left, and makes the groups anew.
 * @throws WardlockError `LAUNCH_LAYER_FAILED` when something of it could not be ended
 */
export async function openSeatCgroups(path: string): Promise<SeatCgroups> {
  const seat: Cgroup = { path };
  const left = [join(path, 'sessions'), join(path, 'displays')].map((group) => endCgroup({ path: group }));
  if (!(await Promise.all(left)).every(Boolean)) {
    throw new WardlockError('LAUNCH_LAYER_FAILED', 'Processes of a former run of this seat could not be ended.');
  }
  return { seat, sessions: await makeSubgroup(seat, 'sessions'), displays: await makeSubgroup(seat, 'displays') };
}

/** Ends all that the launcher has in them. */
export async function endSeatCgroups(groups: SeatCgroups): Promise<void> {
  await Promise.all([endCgroup(groups.sessions), endCgroup(groups.displays)]);
  await removeIfEmpty(groups.seat);
}
