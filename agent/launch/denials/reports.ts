/**
 * Whether denials are reported, and to whom. Owns the listener and the kernel's switch for records; keeps both going while
 * the seat runs, and says when they are not.
 */
import { auditRestrictions } from '../../os/restrictions/seat-restrictions.ts';
import type { LaunchLog } from '../port.ts';
import { type DenialListener, listenForDenials } from './listener.ts';
import type { CountedDenial } from './tally.ts';

export interface DenialReports {
  /** Whether the kernel's records reach this process now. */
  readonly areComing: boolean;
  /** Who is told of denials from now on. */
  tell(reader: (denial: CountedDenial) => void): void;
  close(): Promise<void>;
}

/** Someone who switches records off again and again wants them off; the seat then says that it has no reports. */
const MAX_SWITCHED_ON = 20;

/** Switches the kernel's records on, undoing first what a crashed run left, and starts to listen. */
export async function openDenialReports(stateFolder: string, log: LaunchLog): Promise<DenialReports> {
  const restrictions = auditRestrictions(stateFolder);
  let reader: (denial: CountedDenial) => void = () => undefined;
  let listener: DenialListener | undefined;
  let areComing = false;
  let switchedOn = 0;
  const switchOn = async (): Promise<void> => {
    const { failed } = await restrictions.perform();
    areComing = failed.length === 0 && listener !== undefined;
    for (const { detail } of failed) log('warn', 'Denials are not reported: audit records could not be switched on.', { cause: detail });
  };
  const onTrouble = (what: 'lost' | 'switched-off' | 'ended'): void => {
    log('warn', 'Reports of denials are not complete.', { cause: what });
    if (what === 'ended') areComing = false;
    if (what !== 'switched-off') return;
    areComing = false;
    switchedOn += 1;
    if (switchedOn <= MAX_SWITCHED_ON) void switchOn();
  };
  try {
    await restrictions.revert();
    listener = await listenForDenials({ onDenied: (denial) => reader(denial), onTrouble });
    await switchOn();
  } catch (cause) {
    log('warn', 'Denials are not reported.', { cause: cause instanceof Error ? cause.message : String(cause) });
  }
  return {
    get areComing() {
      return areComing;
    },
    tell: (next) => {
      reader = next;
    },
    close: async () => {
      areComing = false;
      await listener?.close();
      await restrictions.revert();
    },
  };
}
