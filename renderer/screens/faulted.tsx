/** The seat is out of order: what failed, what still holds, whom to call, a code. */
import type { JSX } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { messageText } from '../i18n/text.ts';
import { StateMark } from '../parts/icons.tsx';
import { TruthRow } from '../parts/truth-row.tsx';

export function FaultedScreen({ view }: { readonly view: SeatView }): JSX.Element {
  const { t } = useSeat();
  const { message, seat } = view;
  const failed = message !== null && message.key !== 'seat.faulted' ? messageText(t, message) : null;
  return (
    <main className="plain">
      <div className="plain-text" role="alert">
        <p className="plain-seat">
          {seat.wardName}, {seat.name}
        </p>
        <StateMark mark="stop" />
        <h1>{t('faulted.title')}</h1>
        {failed !== null && <p>{failed}</p>}
        <p>{t('faulted.works')}</p>
        <p>{t('faulted.other')}</p>
        {seat.helpdesk !== '' && <p className="plain-call">{t('faulted.call', { helpdesk: seat.helpdesk })}</p>}
        {message?.code !== undefined && (
          <p className="soft">
            {t('faulted.code')}: <span className="code">{message.code}</span>
          </p>
        )}
      </div>
      <TruthRow truth={view.truth} />
    </main>
  );
}
