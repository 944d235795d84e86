/**
 * Puts the enforced launcher together for an agent that runs as root on Linux, after having tried every layer once. A layer that
 * fails leaves a launcher that refuses: never one that merely promises.
 */
import { join } from 'node:path';
import { cgroupMount, makeSubgroup } from '../../os/cgroup.ts';
import { ABI_WITH_SCOPES, landlockAbi } from '../../os/landlock.ts';
import { missing } from '../layers.ts';
import type { AppUser, Launcher, LauncherOptions, MissingLayer } from '../port.ts';
import { RefusingLauncher } from '../refusing.ts';
import { SandboxLauncher } from './launcher.ts';
import { Sandbox } from './sandbox.ts';
import { openSeatCgroups, type SeatCgroups } from './seat-cgroups.ts';
import { Surveyor } from './surveyor.ts';

/**
 * Makes the enforced launcher. What a crashed run of the same seat left running is ended first.
 * @param seatGroup the seat's cgroup below the mount; its subgroups `sessions` and `displays` are the launcher's alone
 */
export async function createSandboxLauncher(options: LauncherOptions, seatGroup: string): Promise<Launcher> {
  const { appUser, uiUser, log } = options;
  const mount = await cgroupMount();
  const lacking: readonly MissingLayer[] = [
    ...userProblem(appUser, uiUser?.uid),
    ...(mount === undefined ? [missing.cgroup] : []),
    ...(landlockAbi() === 0 ? [missing.landlock] : []),
  ];
  if (appUser === undefined || uiUser === undefined || mount === undefined || lacking.length > 0)
    return new RefusingLauncher({ name: 'refusing', missing: lacking });
  const cgroups = await openSeatCgroups(join(mount, seatGroup)).catch(inWords);
  const failure = typeof cgroups === 'string' ? cgroups : await tryLayers(appUser, cgroups).catch(inWords);
  if (typeof cgroups === 'string' || failure !== undefined) {
    log('error', 'A session can not be shut in on this seat, so nothing is started.', { cause: failure ?? '' });
    return new RefusingLauncher({
      name: 'refusing',
      missing: [{ layer: 'namespaces', meaning: `${missing.namespaces.meaning} (${failure})` }],
    });
  }
  const tooOld = landlockAbi() < ABI_WITH_SCOPES ? [missing.scopes] : [];
  return new SandboxLauncher({
    mode: { name: 'enforced', missing: [...tooOld, missing.denialReports] },
    user: appUser,
    uiUser,
    runFolder: options.runFolder,
    cgroups,
    hide: [options.stateFolder, ...(options.hide ?? [])],
    surveyor: new Surveyor(),
    log,
  });
}

function userProblem(user: AppUser | undefined, uiUid: number | undefined): readonly MissingLayer[] {
  const usable = user !== undefined && uiUid !== undefined && user.uid > 0 && user.gid > 0 && user.uid !== uiUid;
  return usable ? [] : [missing.appUser];
}

/** Sets up one sandbox and ends it. What went wrong, or undefined. */
async function tryLayers(user: AppUser, groups: SeatCgroups): Promise<string | undefined> {
  const group = await makeSubgroup(groups.sessions, 'trial');
  const sandbox = await Sandbox.open({ user, group, hide: [], readable: [] });
  return (await sandbox.end()) ? undefined : 'the trial session could not be ended';
}

function inWords(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
