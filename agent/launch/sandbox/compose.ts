/**
 * Puts the enforced launcher together for an agent that runs as root on Linux, after having tried every layer once. A layer that
 * fails leaves a launcher that refuses: never one that merely promises.
 */
import { join } from 'node:path';
import { type Cgroup, cgroupMount, endCgroup, makeCgroup } from '../../os/cgroup.ts';
import { ABI_WITH_SCOPES, landlockAbi } from '../../os/landlock.ts';
import { missing } from '../layers.ts';
import type { AppUser, Launcher, LauncherOptions, MissingLayer } from '../port.ts';
import { RefusingLauncher } from '../refusing.ts';
import { SandboxLauncher } from './launcher.ts';
import { Sandbox } from './sandbox.ts';
import { Surveyor } from './surveyor.ts';

/**
 * Makes the enforced launcher. What a crashed run of the same seat left running is ended first.
 * @param seatGroup the seat's cgroup below the mount; its subgroup `sessions` is the launcher's alone
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
  const cgroupName = join(seatGroup, 'sessions');
  const hide = [options.stateFolder, ...(options.hide ?? [])];
  const failure = await sweepAndTry({ user: appUser, cgroupMount: mount, cgroupName, hide });
  if (failure !== undefined) {
    log('error', 'A session can not be shut in on this seat, so nothing is started.', { cause: failure });
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
    cgroupMount: mount,
    cgroupName,
    hide,
    surveyor: new Surveyor(),
    log,
  });
}

function userProblem(user: AppUser | undefined, uiUid: number | undefined): readonly MissingLayer[] {
  const usable = user !== undefined && uiUid !== undefined && user.uid > 0 && user.gid > 0 && user.uid !== uiUid;
  return usable ? [] : [missing.appUser];
}

interface Trial {
  readonly user: AppUser;
  readonly cgroupMount: string;
  readonly cgroupName: string;
  readonly hide: readonly string[];
}

/** Ends leftovers, then sets up one sandbox and ends it. What went wrong, or undefined. */
async function sweepAndTry(trial: Trial): Promise<string | undefined> {
  const group: Cgroup = { path: join(trial.cgroupMount, trial.cgroupName) };
  try {
    if (!(await endCgroup(group))) return 'processes of a former run could not be ended';
    await makeCgroup(trial.cgroupMount, trial.cgroupName);
    const sandbox = await Sandbox.open({ ...trial, cgroupName: join(trial.cgroupName, 'trial'), readable: [] });
    return (await sandbox.end()) ? undefined : 'the trial session could not be ended';
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
