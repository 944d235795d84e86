/** An unknown badge becomes somebody's own: the name, the PIN, the server's answer. The agent and the server judge. */
import { type JSX, useCallback, useState } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { LONGEST_PIN } from '../../core/credentials/pin-rules.ts';
import { useForgotten, useSeat } from '../context.ts';
import { EntryPanel } from '../parts/entry-panel.tsx';
import { Dots, Keys, usePadKeys, useTypedPin } from '../parts/pin-keys.tsx';
import { SeatPage } from '../parts/seat-page.tsx';

/** What somebody left there is forgotten after this, in milliseconds: longer than the server may take to answer. */
const FORGET_MS = 60_000;
type Bridge = ReturnType<typeof useSeat>['bridge'];
type Result = Extract<Awaited<ReturnType<Bridge['enrolBadge']>>, { ok: true }>['result'];
type Said = Result | { readonly outcome: 'failed' };

interface NewBadgeProps {
  readonly view: SeatView;
  readonly onBack: () => void;
}

export function NewBadgeScreen({ view, onBack }: NewBadgeProps): JSX.Element {
  const { t } = useSeat();
  const [name, setName] = useState<string | null>(null);
  return (
    <SeatPage view={view} busy>
      {name === null ? (
        <EntryPanel
          title={t('newBadge.title')}
          names
          codes={false}
          suggests={view.signIn.suggests}
          message={null}
          onEntry={(entry) => entry.kind === 'name' && setName(entry.name)}
          onBack={onBack}
        />
      ) : (
        <Confirm name={name} onBack={onBack} />
      )}
    </SeatPage>
  );
}

function Confirm({ name, onBack }: { readonly name: string; readonly onBack: () => void }): JSX.Element {
  const { t, bridge } = useSeat();
  const { entry, press, clear, now } = useTypedPin(LONGEST_PIN);
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const [hasLetter, setHasLetter] = useState(false);
  useForgotten(`${entry.digits.length} ${sending} ${said?.outcome}`, onBack, FORGET_MS);
  const over = said !== null && said.outcome !== 'wrong' && said.outcome !== 'wait';

  const send = useCallback(
    async (pin: string) => {
      setSending(true);
      setSaid(null);
      const answer = await bridge.enrolBadge({ name, pin });
      setSending(false);
      setSaid(answer.ok ? answer.result : { outcome: 'failed' });
    },
    [bridge, name],
  );
  const busy = sending || over;
  const ok = useCallback(() => {
    const pin = now();
    if (busy || pin.length < 4) return;
    clear();
    void send(pin);
  }, [busy, now, clear, send]);
  const onKey = useCallback(
    (key: Parameters<typeof press>[0]) => {
      if (busy) return;
      setHasLetter(false);
      press(key);
    },
    [busy, press],
  );
  const noDigit = useCallback(() => setHasLetter(!busy), [busy]);
  usePadKeys({ press: onKey, ok: over ? onBack : ok, cancel: onBack, noDigit });

  return (
    <div className="pin-panel panel" aria-busy={sending}>
      <header className="pin-head">
        <div>
          <p className="pin-person">{name}</p>
          <h1>{over ? t('newBadge.title') : t('pin.title')}</h1>
        </div>
      </header>
      {over ? (
        <p className="new-badge-said" role="status">
          {outcomeText(t, said)}
        </p>
      ) : (
        <>
          <Dots digits={entry.digits.length} places={4} checking={sending} wrong={said !== null && entry.digits === ''} />
          <div className="pin-said">
            <p role="status">
              {sending ? t('newBadge.asking') : hasLetter ? t('pin.digitsOnly') : said === null ? '' : outcomeText(t, said)}
            </p>
          </div>
          <Keys busy={busy} ready={entry.digits.length >= 4} press={onKey} ok={ok} />
        </>
      )}
      <button type="button" className="button button-quiet pin-cancel" onClick={onBack}>
        {over ? t('pinChange.back') : t('pin.cancel')}
      </button>
    </div>
  );
}

function outcomeText(t: ReturnType<typeof useSeat>['t'], said: Said): string {
  switch (said.outcome) {
    case 'wrong':
      return t('message.pin.wrong', { tries: said.triesLeft });
    case 'wait':
      return t('message.pin.wait', { seconds: Math.ceil(said.waitMs / 1000) });
    case 'blocked':
      return t('message.pin.blocked');
    case 'unknown':
      return t('message.name.unknown');
    case 'enrolled':
    case 'asked':
    case 'taken':
    case 'refused':
    case 'notAllowed':
    case 'offline':
      return t(`newBadge.${said.outcome}`);
    case 'full':
      return t('message.untoldFull');
    case 'notNow':
    case 'failed':
      return t('message.notTaken');
  }
}
