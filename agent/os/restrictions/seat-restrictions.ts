/**
 * The settings of the operating system that this seat changes, with their journals in the seat's state folder. The only file of the
 * folder that knows both; the agent performs and reverts them, the command line looks at what is left.
 */
import { join } from 'node:path';
import { Restrictions, type SettingFailure } from './restrictions.ts';
import { auditBacklog, auditRecords, kernelSettings } from './settings.ts';

const AUDIT_JOURNAL = 'restrictions.json';
const KERNEL_JOURNAL = 'kernel-settings.json';

/** What makes denials known; the launcher performs them, since it knows whether anybody listens. */
export function auditRestrictions(stateFolder: string): Restrictions {
  return new Restrictions(join(stateFolder, AUDIT_JOURNAL), [auditBacklog, auditRecords]);
}

/** What else opens a way around a seat that stands where people are. */
export function kernelRestrictions(stateFolder: string): Restrictions {
  return new Restrictions(join(stateFolder, KERNEL_JOURNAL), kernelSettings);
}

/** All that an agent of this folder may ever have changed. */
export function allRestrictions(stateFolder: string): readonly Restrictions[] {
  return [kernelRestrictions(stateFolder), auditRestrictions(stateFolder)];
}

/** Puts everything back, whatever this agent is about to do and whoever it runs as. What could not be is told. */
export async function restoreSettings(stateFolder: string): Promise<readonly SettingFailure[]> {
  const failed: SettingFailure[] = [];
  for (const restrictions of allRestrictions(stateFolder)) {
    try {
      failed.push(...(await restrictions.revert()).failed);
    } catch (cause) {
      failed.push({ id: 'journal', detail: cause instanceof Error ? cause.message : String(cause) });
    }
  }
  return failed;
}
