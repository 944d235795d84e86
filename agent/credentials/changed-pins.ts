/**
 * PINs that were changed at this seat and that the server has not confirmed yet, as a rule over two directories: pure. A
 * seat goes on with its own change until the server has it, or has something newer.
 */
import type { SeatPerson } from './directory.ts';

/** The person as the new directory has them, with a PIN that was changed here meanwhile still in force. */
export function withChangedPin(received: SeatPerson, known: SeatPerson | undefined): SeatPerson {
  const former = known?.formerPin;
  if (known?.pin == null || former == null || received.pin === null) return received;
  // Still the PIN of before: our change is on its way. The same as ours: it has arrived. Any other: somebody set a newer one.
  return received.pin.salt === former.salt ? { ...received, pin: known.pin, formerPin: former } : received;
}
