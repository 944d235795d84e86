/** The agent is not there: an opaque lock in plain words. It shows nothing that the agent said before. */
import type { JSX } from 'react';
import type { LinkState } from '../../contract/bridge.ts';
import { useMinutesOf, useSeat } from '../context.ts';
import { StateMark } from '../parts/icons.tsx';
import { age } from '../view/time.ts';

export function AwayScreen({ link, forMs }: { readonly link: LinkState; readonly forMs: number }): JSX.Element {
  const { t } = useSeat();
  const minutes = useMinutesOf(forMs);
  if (link === 'connecting' || link === 'up') {
    return (
      <main className="plain">
        <div className="plain-text">
          <h1>{t('away.connecting')}</h1>
          <p>{t('away.connectingText')}</p>
        </div>
      </main>
    );
  }
  return (
    <main className="plain">
      <div className="plain-text">
        <div className="plain-said" role="alert">
          <StateMark mark="stop" />
          <h1>{t('away.title')}</h1>
          <p>{t(`away.${link}`)}</p>
          <p>{t('away.work')}</p>
          <p>{t('away.call')}</p>
        </div>
        {minutes > 0 && <p className="soft">{t('away.since', { age: age(t, minutes * 60_000) })}</p>}
      </div>
    </main>
  );
}
