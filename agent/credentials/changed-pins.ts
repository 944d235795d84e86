/**
 * PINs that were changed at this seat, as rules over a person: pure. A seat goes on with its own change until the server has it, or has
 * something newer, and lets nobody take a PIN of before again, whether the server has heard of it or not.
 */
import { PIN_HISTORY } from '../../core/credentials/pin-rules.ts';
import type { SeatPerson } from './directory.ts';
import type { SeatFormerPin, SeatPin } from './pin.ts';

/**
 * The person as the new directory has them, with a PIN that was changed here meanwhile still in force.
 * @param isOnItsWay false: the server has judged every change of theirs that this list could lack, so its word on the PIN counts
 */
export function withChangedPin(received: SeatPerson, known: SeatPerson | undefined, isOnItsWay: boolean): SeatPerson {
  const { pin = null, formerPin: former, formerPins: here = [] } = known ?? {};
  const there = received.formerPins ?? [];
  // Still the PIN of before: our change may be on its way. The same as ours: it has arrived. Any other: somebody set a newer one.
  if (isOnItsWay && pin !== null && former !== undefined && received.pin?.salt === former.salt)
    return { ...received, pin, formerPin: former, formerPins: formerOf(pin, [...here, ...there]) };
  return { ...received, formerPins: formerOf(received.pin, [...there, ...(pin === null ? [] : [pin]), ...here]) };
}

/** The person with a PIN that they changed here: the one of before is a former one from now on. */
export function withNewPin(person: SeatPerson, pin: SeatPin): SeatPerson {
  const before = person.pin;
  if (before === null) return { ...person, pin };
  return { ...person, pin, formerPin: person.formerPin ?? before, formerPins: formerOf(pin, [before, ...(person.formerPins ?? [])]) };
}

/** As many as may not be taken again besides the one in force, each once. @param pins the newest first */
function formerOf(inForce: SeatPin | null, pins: readonly SeatFormerPin[]): SeatFormerPin[] {
  const isFirst = ({ salt }: SeatFormerPin, at: number): boolean => pins.findIndex((one) => one.salt === salt) === at;
  return pins.filter((one, at) => one.salt !== inForce?.salt && isFirst(one, at)).slice(0, PIN_HISTORY);
}
