/** What a person must look at, above everything else, until somebody says that they did; nothing at all when there is nothing. */
import { useCallback, useEffect, useState } from 'react';
import type { AlarmList } from '../contract/console-api.ts';
import { api, Refused } from './api.ts';
import { dayOf, timeOf } from './time.ts';

type Alarm = AlarmList['alarms'][number];

interface Props {
  readonly csrf: string;
  readonly onLost: (error: unknown) => void;
}

const NOTHING: AlarmList = { kinds: [], alarms: [] };

export function Alarms({ csrf, onLost }: Props) {
  const [list, setList] = useState<AlarmList>(NOTHING);
  const [refused, setRefused] = useState('');
  const load = useCallback(() => api.alarms().then(setList, onLost), [onLost]);
  useEffect(() => {
    void load();
  }, [load]);
  const acknowledge = (alarm: Alarm): void => {
    setRefused('');
    api
      .acknowledge(csrf, alarm.id, alarm.times)
      .catch((error: unknown) => {
        if (error instanceof Refused) setRefused(error.message);
        onLost(error);
      })
      .then(load, onLost);
  };
  if (list.kinds.length === 0) return null;
  return (
    <section className="alarms" aria-labelledby="alarms-title">
      <h2 id="alarms-title">Look at this first</h2>
      <p role="status">{refused}</p>
      {list.kinds.map((kind) => (
        <Kind key={kind.kind} kind={kind} alarms={list.alarms.filter((alarm) => alarm.kind === kind.kind)} onAcknowledge={acknowledge} />
      ))}
    </section>
  );
}

interface KindProps {
  readonly kind: AlarmList['kinds'][number];
  readonly alarms: readonly Alarm[];
  readonly onAcknowledge: (alarm: Alarm) => void;
}

function Kind({ kind, alarms, onAcknowledge }: KindProps) {
  return (
    <>
      <h3>
        {kind.kind} <small>{countOf(kind)}</small>
      </h3>
      <ul>
        {alarms.map((alarm) => (
          <li key={`${alarm.workstationId}/${alarm.id}`}>
            <span className="shape stop" aria-hidden="true" />
            <p>
              <strong>{alarm.seat ?? 'Site'}</strong>, {whenOf(alarm)}. {alarm.detail}
            </p>
            <button type="button" className="plain" onClick={() => onAcknowledge(alarm)}>
              I looked at it
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function countOf({ open, seats }: AlarmList['kinds'][number]): string {
  return open === 1 ? '1 alarm' : `${open} alarms, ${seats === 1 ? 'one place' : `${seats} seats`}`;
}

function whenOf({ firstAt, lastAt, times }: Alarm): string {
  const last = `${dayOf(lastAt)} ${timeOf(lastAt)}`;
  return times === 1 ? last : `${times} times from ${dayOf(firstAt)} ${timeOf(firstAt)} to ${last}`;
}
