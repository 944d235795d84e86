/** A web app that can't be seen, below the session bar: what is wrong, what still works, what to do, a code for the helpdesk. */
import { type JSX, useId } from 'react';
import type { WebTrouble } from '../../contract/bridge.ts';
import { useSeat } from '../context.ts';
import { StateMark } from '../parts/icons.tsx';
import type { OpenView } from '../view/screen.ts';

interface TroubleProps {
  readonly view: OpenView;
  readonly appId: string;
  readonly trouble: WebTrouble;
}

export function TroubleScreen({ view, appId, trouble }: TroubleProps): JSX.Element {
  const { t, bridge } = useSeat();
  const title = useId();
  const app = view.apps.find(({ id }) => id === appId)?.name ?? appId;
  const { kind, code, retrying } = trouble;
  return (
    <main className="plain trouble" aria-labelledby={title}>
      <div className="plain-text">
        <div role="alert">
          <StateMark mark="warn" />
          <h1 id={title}>{t(`trouble.${kind}.title`, { app })}</h1>
          <p>{t(`trouble.${kind}.text`)}</p>
        </div>
        <div className="trouble-buttons">
          <button
            type="button"
            className="button button-accent button-large"
            disabled={retrying}
            onClick={() => void bridge.retry({ appId })}
          >
            {t(retrying ? 'trouble.retrying' : 'trouble.retry')}
          </button>
          <button type="button" className="button button-large" onClick={() => void bridge.show({ appId: null })}>
            {t('trouble.home')}
          </button>
        </div>
        {view.seat.helpdesk !== '' && <p className="plain-call">{t('faulted.call', { helpdesk: view.seat.helpdesk })}</p>}
        <p className="soft">
          {t('faulted.code')}: <span className="code">{code}</span>
        </p>
      </div>
    </main>
  );
}
