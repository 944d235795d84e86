/** The PIN pad, in the place of the badge: keys for gloves, the keyboard, tries left, the waiting ring. */
import { type JSX, useCallback, useRef, useState } from 'react';
import type { PromptView, SeatView } from '../../contract/seat-view.ts';
import { useCountdown, useSeat } from '../context.ts';
import { MessageLine } from '../parts/message.tsx';
import { Dots, Keys, usePadKeys, useTypedPin } from '../parts/pin-keys.tsx';
import { Ring } from '../parts/ring.tsx';
import { SeatPage } from '../parts/seat-page.tsx';
import type { PinKey } from '../view/pin.ts';
import type { PinPrompt } from '../view/screen.ts';

const TITLES = { open: 'pin.title', return: 'pin.return', takeover: 'pin.takeover', confirm: 'pin.confirm' } as const;

export function PinScreen({
  view,
  prompt,
}: {
  readonly view: SeatView;
  readonly prompt: Exclude<PromptView, { kind: 'badge' | 'second' }>;
}): JSX.Element {
  // While the PIN is checked the agent names nobody: the pad stays as it was.
  const last = useRef<PinPrompt | null>(null);
  if (prompt.kind === 'pin') last.current = prompt;
  return (
    <SeatPage view={view} busy>
      {last.current === null ? <Checking /> : <PinPad view={view} prompt={last.current} checking={prompt.kind === 'checking'} />}
    </SeatPage>
  );
}

function Checking(): JSX.Element {
  const { t } = useSeat();
  return (
    <div className="pin-panel panel" role="status">
      <Ring part={0.25} turning />
      <h1>{t('pin.checking')}</h1>
    </div>
  );
}

interface PadProps {
  readonly view: SeatView;
  readonly prompt: PinPrompt;
  readonly checking: boolean;
}

function PinPad({ view, prompt, checking }: PadProps): JSX.Element {
  const { t, bridge } = useSeat();
  const { entry, press: type, clear, now } = useTypedPin(prompt.maxDigits);
  const [flaw, setFlaw] = useState<'pin.tooShort' | 'pin.digitsOnly' | null>(null);
  const waitMs = useCountdown(prompt.waitMs, view.generation);
  const busy = checking || waitMs > 0;
  const wrong = !checking && view.message?.key === 'pin.wrong';

  const send = useCallback(
    (digits: string) => {
      if (digits.length < prompt.minDigits) {
        setFlaw('pin.tooShort');
        return;
      }
      clear();
      void bridge.pin({ pin: digits });
    },
    [bridge, prompt.minDigits, clear],
  );
  const press = useCallback(
    (key: PinKey) => {
      if (busy) return;
      setFlaw(null);
      const next = type(key);
      if (key.kind === 'digit' && next.digits.length === prompt.maxDigits) send(next.digits);
    },
    [busy, prompt.maxDigits, send, type],
  );
  const ok = useCallback(() => {
    // A PIN of full length goes off by itself; the Enter of habit that follows must not cover the answer.
    if (!busy && now() !== '') send(now());
  }, [busy, now, send]);
  const cancel = useCallback(() => void bridge.cancel({}), [bridge]);
  const noDigit = useCallback(() => {
    if (!busy) setFlaw('pin.digitsOnly');
  }, [busy]);
  usePadKeys({ press, ok, cancel, noDigit });

  return (
    <div className="pin-panel panel" aria-busy={checking}>
      <header className="pin-head">
        {prompt.person !== null && (
          <span className="avatar" aria-hidden="true">
            {prompt.person.initials}
          </span>
        )}
        <div>
          {prompt.person !== null && <p className="pin-person">{prompt.person.displayName}</p>}
          <h1>{t(TITLES[prompt.purpose])}</h1>
          {prompt.purpose === 'takeover' && <p className="pin-hint">{t('pin.takeoverHint')}</p>}
        </div>
      </header>
      <Dots
        key={wrong ? JSON.stringify(view.message?.params) : ''}
        digits={entry.digits.length}
        places={prompt.minDigits}
        checking={checking}
        wrong={wrong}
      />
      <div className="pin-said">
        {waitMs > 0 ? (
          <Waiting leftMs={waitMs} wholeMs={prompt.waitMs} />
        ) : checking ? (
          <p role="status">{t('pin.checking')}</p>
        ) : flaw !== null ? (
          <p role="status">{flaw === 'pin.tooShort' ? t(flaw, { min: prompt.minDigits }) : t(flaw)}</p>
        ) : (
          <MessageLine message={view.message} />
        )}
      </div>
      <Keys busy={busy} ready={entry.digits.length >= prompt.minDigits} press={press} ok={ok} />
      <button type="button" className="button button-quiet pin-cancel" onClick={cancel}>
        {t('pin.cancel')}
      </button>
    </div>
  );
}

function Waiting({ leftMs, wholeMs }: { readonly leftMs: number; readonly wholeMs: number }): JSX.Element {
  const { t } = useSeat();
  const seconds = Math.ceil(leftMs / 1000);
  return (
    <p className="waiting" role="timer">
      <Ring part={wholeMs === 0 ? 0 : leftMs / wholeMs} label={String(seconds)} />
      <span>{t('pin.waiting', { seconds })}</span>
    </p>
  );
}
