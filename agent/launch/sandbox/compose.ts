/**
 * Puts the enforced launcher together for an agent that runs as root on Linux, after having tried every layer. A layer that
 * fails leaves a launcher that refuses and tries again: never one that merely promises.
 */
import { join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import { cgroupMount } from '../../os/cgroup.ts';
import { ABI_WITH_DENIAL_RECORDS, landlockAbi } from '../../os/landlock.ts';
import { endAllOf, livingOf } from '../../os/user-processes.ts';
import { openDenialReports } from '../denials/reports.ts';
import { missing } from '../layers.ts';
import type { AppUser, Launcher, LauncherOptions, MissingLayer } from '../port.ts';
import { RefusingLauncher } from '../refusing.ts';
import { firstTrial } from './first-trial.ts';
import { SandboxLauncher } from './launcher.ts';
import { withRecovery } from './recovering.ts';
import { openSeatCgroups } from './seat-cgroups.ts';
import { Surveyor } from './surveyor.ts';
import { tryLayers } from './trial.ts';
import { UserPool } from './user-pool.ts';

/** A seat whose users are proper. */
type SandboxSeat = LauncherOptions & Required<Pick<LauncherOptions, 'appUsers' | 'uiUser'>>;

/**
 * Makes the enforced launcher. What a crashed run of the same seat left running is ended first.
 * @param seatGroup the seat's cgroup below the mount; its subgroups `sessions` and `displays` are the launcher's alone
 */
export async function createSandboxLauncher(options: LauncherOptions, seatGroup: string): Promise<Launcher> {
  const { appUsers = [], uiUser, log } = options;
  const [firstUser] = appUsers;
  const mount = await cgroupMount();
  const lacking: readonly MissingLayer[] = [
    ...userProblem(appUsers, uiUser?.uid),
    ...(mount === undefined ? [missing.cgroup] : []),
    ...(landlockAbi() === 0 ? [missing.landlock] : []),
  ];
  if (firstUser === undefined || uiUser === undefined || mount === undefined || lacking.length > 0)
    return new RefusingLauncher({ name: 'refusing', missing: lacking });
  const group = join(mount, seatGroup);
  return withRecovery({ attempt: () => openSandboxes({ ...options, appUsers, uiUser }, firstUser, group), log });
}

/** @throws why a session can't be shut in now */
async function openSandboxes(options: SandboxSeat, firstUser: AppUser, group: string): Promise<Launcher> {
  const { appUsers, uiUser, log } = options;
  const cgroups = await openSeatCgroups(group);
  const reports = await openDenialReports(options.stateFolder, log);
  const hasRecords = landlockAbi() >= ABI_WITH_DENIAL_RECORDS;
  const trial = await firstTrial({ trial: () => tryLayers(firstUser, cgroups, reports), canReport: hasRecords && reports.isListening });
  // Where the kernel has such records one that comes late is as good: the seat says that none come until then.
  if (trial.failure !== undefined || !hasRecords) await reports.close();
  if (trial.failure !== undefined) throw new WardlockError('LAUNCH_LAYER_FAILED', trial.failure);
  const surveyor = new Surveyor();
  surveyor.begin();
  return new SandboxLauncher({
    missing: trial.hasOwnNetwork ? [] : [missing.network],
    reports,
    onDenied: options.onDenied ?? (() => undefined),
    users: new UserPool(appUsers, {
      living: livingOf,
      end: endAllOf,
      onLeft: ({ name }) =>
        log('error', 'Something of a user for applications could not be ended; the user waits until it is.', { user: name }),
    }),
    uiUser,
    runFolder: options.runFolder,
    cgroups,
    hide: [options.stateFolder, ...(options.hide ?? [])],
    surveyor,
    log,
  });
}

function userProblem(users: readonly AppUser[], uiUid: number | undefined): readonly MissingLayer[] {
  const areProper = users.every(({ uid, gid }) => uid > 0 && gid > 0 && uid !== uiUid);
  const areApart = new Set(users.map(({ uid }) => uid)).size === users.length;
  const usable = users.length > 0 && uiUid !== undefined && areProper && areApart;
  return usable ? [] : [missing.appUser];
}
