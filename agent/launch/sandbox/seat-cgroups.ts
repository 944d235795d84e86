/**
 * The control groups of one seat: where its sessions and its nested displays are found again when the agent that
 * made them has died. The group of the screens beside them is not the launcher's.
 */
import { dirname, join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import { type Cgroup, endCgroup, makeSubgroup, removeIfEmpty } from '../../os/cgroup.ts';
import { type Controller, type Controllers, handOn, limitCgroup } from '../../os/cgroup-limits.ts';
import { memoryLimitBytes, PROCESSES } from './limits.ts';

const CONTROLLERS: readonly Controller[] = ['memory', 'pids'];

export interface SeatCgroups {
  readonly seat: Cgroup;
  /** Each session is a group in it. */
  readonly sessions: Cgroup;
  /** The servers of nested displays, which run as the user of the screens. */
  readonly displays: Cgroup;
  /** What the kernel can limit in them. */
  readonly controllers: Controllers;
}

/**
 * Ends what a former agent of the seat left, and makes the groups anew.
 * @param path right below the mount
 * @throws WardlockError `LAUNCH_LAYER_FAILED` when something of it could not be ended
 */
export async function openSeatCgroups(path: string): Promise<SeatCgroups> {
  const seat: Cgroup = { path };
  const left = [join(path, 'sessions'), join(path, 'displays')].map((group) => endCgroup({ path: group }));
  if (!(await Promise.all(left)).every(Boolean)) {
    throw new WardlockError('LAUNCH_LAYER_FAILED', 'Processes of a former run of this seat could not be ended.');
  }
  const [sessions, displays] = [await makeSubgroup(seat, 'sessions'), await makeSubgroup(seat, 'displays')];
  const controllers = await handOn([dirname(path), path, sessions.path], CONTROLLERS);
  // Its memory is what applications had it keep for them.
  await limitCgroup(displays, sessionLimits(), controllers);
  return { seat, sessions, displays, controllers };
}

/** Makes the group of a session: limited in all, and in it no process but those of groups in it. */
export async function makeSessionGroup({ sessions, controllers }: SeatCgroups, sessionId: string): Promise<Cgroup> {
  const group = await makeSubgroup(sessions, sessionId);
  try {
    await limitCgroup(group, sessionLimits(), controllers);
    await handOn([group.path], controllers);
    return group;
  } catch (cause) {
    await endCgroup(group);
    throw cause;
  }
}

const sessionLimits = () => ({ memoryBytes: memoryLimitBytes(), processes: PROCESSES });

/** Ends all that the launcher has in them. */
export async function endSeatCgroups(groups: SeatCgroups): Promise<void> {
  await Promise.all([endCgroup(groups.sessions), endCgroup(groups.displays)]);
  await removeIfEmpty(groups.seat);
}
