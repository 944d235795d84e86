/** A part of the day by the clock of the seat's site. It knows no date and no time zone. */

/** As `HH:MM`. `until` is not part of it; it may lie after midnight. */
export interface PartOfDay {
  readonly from: string;
  readonly until: string;
}

const MINUTES_AN_HOUR = 60;

/** From 22:00 until 06:00 is the night; a part that ends where it begins is the whole day. */
export function isWithin({ from, until }: PartOfDay, minute: number): boolean {
  const [start, end] = [minuteOf(from), minuteOf(until)];
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

/** Minutes since midnight. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * MINUTES_AN_HOUR + minutes;
}
