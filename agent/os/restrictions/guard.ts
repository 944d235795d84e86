/**
 * Guards the running system while a seat serves: what a crashed agent left is put back before anything else happens, whatever this
 * one may do itself; then the kernel's own ways around a seat are closed, until it ends.
 */
import type { SeatLog } from '../../log.ts';
import { kernelRestrictions, restoreSettings } from './seat-restrictions.ts';

/** Puts back what an earlier life of this seat left. */
export async function restoreSystem(stateFolder: string, log: SeatLog): Promise<void> {
  for (const { id, detail } of await restoreSettings(stateFolder))
    log.error('A setting of the operating system could not be put back.', { setting: id, cause: detail });
}

/**
 * Closes what is open; returns what opens it again.
 * @param isWanted false where the system is not the seat's to change: without root, or in practice on somebody's own machine
 */
export async function guardSystem(stateFolder: string, isWanted: boolean, log: SeatLog): Promise<() => Promise<void>> {
  if (!isWanted || process.platform !== 'linux' || process.geteuid?.() !== 0) return async () => undefined;
  const restrictions = kernelRestrictions(stateFolder);
  const { failed } = await restrictions.perform();
  for (const { id, detail } of failed)
    log.warn('A setting of the operating system could not be changed: what it leaves open is open.', { setting: id, cause: detail });
  return async () => {
    for (const { id, detail } of (await restrictions.revert()).failed)
      log.error('A setting of the operating system could not be put back.', { setting: id, cause: detail });
  };
}
