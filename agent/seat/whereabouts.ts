/** Where and when somebody works at this seat: what a policy's rules go by. The hours are those of the seat's own clock and time zone. */
import { WEEKDAYS, type Whereabouts } from '../../core/decision/rule.ts';

const MINUTES_AN_HOUR = 60;

/** @param place null on a seat that is not enrolled: no ward and no group of seats is meant then */
export function whereabouts(
  place: { readonly ward: { readonly id: string }; readonly seatName: string } | null,
  wallMs: number,
): Whereabouts {
  const now = new Date(wallMs);
  // JavaScript's week begins on Sunday.
  const day = WEEKDAYS[(now.getDay() + WEEKDAYS.length - 1) % WEEKDAYS.length] ?? 'mon';
  return { ward: place?.ward.id ?? '', seat: place?.seatName ?? '', day, minute: now.getHours() * MINUTES_AN_HOUR + now.getMinutes() };
}
