/** The row of truth: what this seat knows about itself, each as a shape, a name and a word. */
import type { JSX } from 'react';
import type { TruthView } from '../../contract/seat-view.ts';
import { useMinute, useSeat } from '../context.ts';
import type { Text } from '../i18n/text.ts';
import { gapsOf } from '../view/seat-check.ts';
import { age } from '../view/time.ts';
import { Icon, type Mark, StateMark } from './icons.tsx';
import { SeatCheckButton } from './seat-check.tsx';

interface Fact {
  readonly name: string;
  readonly said: string;
  readonly mark: Mark;
  /** The longer meaning, for a screen reader and on hover. */
  readonly meaning?: string;
  /** Said in the session bar too: it is about whoever works here now. */
  readonly inSession?: true;
}

/** The facts in their order; enforcement is named only when it is not as it should be. */
export function factsOf(t: Text, truth: TruthView, now: Date): readonly Fact[] {
  const { reader, connection, storage, policy, keys, staff, idle, enforcement } = truth;
  const facts: Fact[] = [
    {
      name: t('truth.reader'),
      said: t(`truth.reader.${reader.state}`),
      mark: reader.state === 'ok' ? 'ok' : reader.state === 'none' ? 'unknown' : 'warn',
    },
    { name: t('truth.connection'), ...connectionFact(t, connection, now) },
    {
      name: t('truth.storage'),
      said:
        storage.state === 'ok' || storage.state === 'low'
          ? t(`truth.storage.${storage.state}`, { days: storage.daysLeft })
          : t(`truth.storage.${storage.state}`),
      mark: storage.state === 'ok' ? 'ok' : storage.state === 'low' ? 'warn' : 'stop',
    },
    {
      name: t('truth.policy'),
      said:
        policy.state === 'active' || policy.state === 'stale'
          ? t(`truth.policy.${policy.state}`, { version: policy.version })
          : t(`truth.policy.${policy.state}`),
      mark: policy.state === 'active' ? 'ok' : policy.state === 'stale' ? 'warn' : policy.state === 'none' ? 'unknown' : 'stop',
    },
  ];
  facts.push({
    name: t('truth.keys'),
    said: t(`truth.keys.${keys.protection}`),
    mark: keys.protection === 'file' ? 'warn' : 'ok',
    meaning: t(`check.keys.${keys.protection}`),
  });
  if (staff.state !== 'none' && staff.asOf !== null) {
    const said = t('truth.staff.old', { age: age(t, now.getTime() - Date.parse(staff.asOf)) });
    const mark = staff.state === 'fresh' ? 'ok' : staff.state === 'old' ? 'warn' : 'stop';
    facts.push({
      name: t('truth.staff'),
      said,
      mark,
      ...(staff.state === 'fresh' ? {} : { meaning: t(`truth.staff.${staff.state}Meaning`) }),
    });
  }
  if (idle.reason !== null) {
    const name = t('truth.idle');
    facts.push({ name, said: t('truth.idle.low'), mark: 'warn', meaning: t(`truth.idle.${idle.reason}`), inSession: true });
  }
  if (enforcement.mode === 'degraded') {
    const meaning = gapsOf(t, enforcement.missing).join(' ');
    facts.push({ name: t('truth.enforcement'), said: t('truth.enforcement.degraded'), mark: 'warn', meaning });
  }
  return facts;
}

function connectionFact(t: Text, connection: TruthView['connection'], now: Date): Pick<Fact, 'said' | 'mark'> {
  if (connection.state === 'online') return { said: t('truth.connection.online'), mark: 'ok' };
  if (connection.state === 'unenrolled') return { said: t('truth.connection.unenrolled'), mark: 'unknown' };
  if (connection.since === null) return { said: t('truth.connection.offline'), mark: 'warn' };
  return { said: t('truth.connection.offlineFor', { age: age(t, now.getTime() - Date.parse(connection.since)) }), mark: 'warn' };
}

export function TruthRow({ truth }: { readonly truth: TruthView }): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  return (
    <div className="truth-place">
      <ul className="truth" aria-label={t('lock.status')}>
        <li className="truth-more" aria-hidden="true">
          <Icon name="about" />
        </li>
        {factsOf(t, truth, now).map(({ name, said, mark, meaning }) => (
          <li key={name} data-mark={mark} title={meaning}>
            <StateMark mark={mark} />
            <span>
              <span className="truth-name">{name}</span> <span className="truth-said">{said}</span>
            </span>
          </li>
        ))}
      </ul>
      <SeatCheckButton truth={truth} />
    </div>
  );
}
