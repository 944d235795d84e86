/** How the seat writes times and ages. Pure: the present comes in as an argument. */
import type { Text } from '../i18n/text.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 14:32, in the seat's own zone. */
export function clockTime(t: Text, at: Date): string {
  return new Intl.DateTimeFormat(t.formats, { hour: '2-digit', minute: '2-digit', hour12: false }).format(at);
}

/** Monday 23 November */
export function longDate(t: Text, at: Date): string {
  return new Intl.DateTimeFormat(t.formats, { weekday: 'long', day: 'numeric', month: 'long' }).format(at);
}

/** When somebody was here last: a time today, "yesterday" and a time, else a date and a time. */
export function lastHere(t: Text, at: Date, now: Date): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  if (at.getTime() >= midnight) return clockTime(t, at);
  if (at.getTime() >= midnight - DAY) return t('launcher.yesterday', { time: clockTime(t, at) });
  return new Intl.DateTimeFormat(t.formats, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false }).format(
    at,
  );
}

/** How long, in the largest unit that says it: 4 minutes, 3 hours, 2 days. */
export function age(t: Text, ms: number): string {
  if (ms < MINUTE) return t('age.moment');
  if (ms < HOUR) return t('age.minutes', { n: Math.floor(ms / MINUTE) });
  if (ms < DAY) return t('age.hours', { n: Math.floor(ms / HOUR) });
  return t('age.days', { n: Math.floor(ms / DAY) });
}

/** 14:32 minutes and seconds of a countdown; 1:02:03 above an hour. Never negative. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export type PartOfDay = 'night' | 'morning' | 'day' | 'evening';

export function partOfDay(at: Date): PartOfDay {
  const hour = at.getHours();
  if (hour < 5 || hour >= 22) return 'night';
  if (hour < 12) return 'morning';
  return hour < 18 ? 'day' : 'evening';
}

export function isSameMinute(one: Date, other: Date): boolean {
  return Math.floor(one.getTime() / MINUTE) === Math.floor(other.getTime() / MINUTE);
}

/** Milliseconds until the minute changes, for a clock that shows no seconds. */
export function untilNextMinute(now: number): number {
  return MINUTE - (now % MINUTE) + 10;
}
