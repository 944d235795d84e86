/** Says why an application of the person's own role cannot be opened now. Pure: the present comes in as an argument. */
import type { Blocked } from '../../contract/seat-view.ts';
import type { Text } from '../i18n/text.ts';

export function blockedText(t: Text, blocked: Blocked, now: Date): string {
  if (blocked.kind !== 'hours') return t(`blocked.${blocked.kind}`);
  const { next } = blocked;
  if (next === null) return t('blocked.hours');
  const { from: time, inDays } = next;
  if (inDays === 0) return t('blocked.today', { time });
  return inDays === 1 ? t('blocked.tomorrow', { time }) : t('blocked.day', { day: weekday(t, inDays, now), time });
}

function weekday(t: Text, inDays: number, now: Date): string {
  const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() + inDays);
  return new Intl.DateTimeFormat(t.formats, { weekday: 'long' }).format(then);
}
