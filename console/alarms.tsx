/** What a person must look at, above everything else; nothing at all when there is nothing. */
import { useEffect, useState } from 'react';
import type { AlarmList } from '../contract/console-api.ts';
import { api } from './api.ts';
import { dayOf, timeOf } from './time.ts';

export function Alarms({ onLost }: { readonly onLost: (error: unknown) => void }) {
  const [alarms, setAlarms] = useState<AlarmList['alarms']>([]);
  useEffect(() => {
    api.alarms().then((list) => setAlarms(list.alarms), onLost);
  }, [onLost]);
  if (alarms.length === 0) return null;
  return (
    <section className="alarms" aria-labelledby="alarms-title">
      <h2 id="alarms-title">Look at this first</h2>
      <ul>
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <span className="shape stop" aria-hidden="true" />
            <p>
              <strong>{alarm.seat ?? 'Site'}</strong>, {dayOf(alarm.at)} {timeOf(alarm.at)}. {alarm.detail} <small>{alarm.kind}</small>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
