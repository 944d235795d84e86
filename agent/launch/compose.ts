/**
 * Picks the way of launching that this machine and this user allow. The only file of the folder that chooses; whoever
 * calls it gets a launcher whose `mode` tells the truth.
 */
import { createHash } from 'node:crypto';
import { DegradedLauncher } from './degraded/launcher.ts';
import type { Launcher, LauncherOptions } from './port.ts';

const GROUP_NAME_DIGITS = 12;

/** The cgroup, below the mount of cgroup v2, that belongs to the seat whose state is in this folder. */
export function seatCgroupName(stateFolder: string): string {
  return `wardlock-${createHash('sha256').update(stateFolder).digest('hex').slice(0, GROUP_NAME_DIGITS)}`;
}

/** Makes the launcher of this seat. */
export async function createLauncher(options: LauncherOptions): Promise<Launcher> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return new DegradedLauncher(options);
  // Loaded here and not above: it binds to system calls that only Linux has.
  const { createSandboxLauncher } = await import('./sandbox/compose.ts');
  return createSandboxLauncher(options, seatCgroupName(options.stateFolder));
}
