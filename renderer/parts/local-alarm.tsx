/** The alarm of an emergency access without a name: what the lock screen and the session bar say of it, and its sound. It can't be put away. */
import { type JSX, useEffect } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { soundAlarm } from '../view/alarm-tone.ts';
import { clockTime } from '../view/time.ts';
import { Icon } from './icons.tsx';

/** How often it sounds while it stands, in milliseconds. */
const SOUND_EVERY_MS = 30_000;

export function AlarmBanner({ view }: { readonly view: SeatView }): JSX.Element | null {
  const { t } = useSeat();
  if (view.localAlarm === null) return null;
  const time = clockTime(t, new Date(view.localAlarm.since));
  return (
    <div className="alarm" role="alert">
      <Icon name="emergency" />
      <p>
        <strong>{t('alarm.title', { time })}</strong>
        <span>{t('alarm.text')}</span>
      </p>
    </div>
  );
}

export function BarAlarm({ view }: { readonly view: SeatView }): JSX.Element | null {
  const { t } = useSeat();
  return view.localAlarm === null ? null : (
    <p className="bar-alarm" role="alert">
      {t('alarm.bar')}
    </p>
  );
}

/** Sounds at once and again as long as the alarm stands, whatever the screen shows. */
export function AlarmSound({ since }: { readonly since: string | null }): null {
  useEffect(() => {
    if (since === null) return undefined;
    const context = new AudioContext();
    soundAlarm(context);
    const timer = setInterval(() => soundAlarm(context), SOUND_EVERY_MS);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [since]);
  return null;
}
