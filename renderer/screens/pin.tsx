/** The PIN pad, in the place of the badge: keys for gloves, the keyboard, tries left, the waiting ring. */
import { type JSX, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { PromptView, SeatView } from '../../contract/seat-view.ts';
import { LONGEST_PIN } from '../../core/credentials/pin-rules.ts';
import { useAsked, useCountdown, useSeat } from '../context.ts';
import { MessageLine } from '../parts/message.tsx';
import { Dots, Keys, usePadKeys, useTypedPin } from '../parts/pin-keys.tsx';
import { Ring } from '../parts/ring.tsx';
import { SeatPage } from '../parts/seat-page.tsx';
import type { PinEntry, PinKey } from '../view/pin.ts';
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
  const ahead = useTypedAhead();
  const { current: asked } = last;
  return (
    <SeatPage view={view} busy>
      {asked === null ? (
        <Checking ahead={ahead} />
      ) : (
        // Another person finds an empty pad; whose badge is read twice goes on typing.
        <PinPad key={JSON.stringify(asked.person)} view={view} prompt={asked} checking={prompt.kind === 'checking'} ahead={ahead} />
      )}
    </SeatPage>
  );
}

/**
 * What somebody types from habit while the seat still checks the badge or ends the session before: it begins the pad, or a PIN would
 * lack its first digits.
 */
interface TypedAhead {
  readonly entry: PinEntry;
  readonly press: (key: PinKey) => void;
  readonly enter: () => void;
  readonly forget: () => void;
  readonly now: () => { readonly digits: string; readonly entered: boolean };
}

function useTypedAhead(): TypedAhead {
  const { entry, press: type, clear, now: typed } = useTypedPin(LONGEST_PIN);
  const entered = useRef(false);
  const press = useCallback(
    (key: PinKey) => {
      // Enter ends a PIN: a digit behind it is not part of that one.
      if (!entered.current) type(key);
    },
    [type],
  );
  const enter = useCallback(() => {
    entered.current = typed() !== '';
  }, [typed]);
  const forget = useCallback(() => {
    entered.current = false;
    clear();
  }, [clear]);
  const now = useCallback(() => ({ digits: typed(), entered: entered.current }), [typed]);
  return { entry, press, enter, forget, now };
}

function Checking({ ahead: { entry, press, enter, forget } }: { readonly ahead: TypedAhead }): JSX.Element {
  const { t } = useSeat();
  usePadKeys({ press, ok: enter, cancel: forget, noDigit: nothing });
  return (
    <div className="pin-panel pin-checking panel" role="status">
      <Ring part={0.25} turning />
      <h1>{t('pin.checking')}</h1>
      {entry.digits !== '' && <Dots digits={entry.digits.length} places={0} checking={false} wrong={false} />}
    </div>
  );
}

/** Whether a PIN is wanted at all is not known yet: a letter is nothing to speak of. */
function nothing(): void {}

interface PadProps {
  readonly view: SeatView;
  readonly prompt: PinPrompt;
  readonly checking: boolean;
  readonly ahead: TypedAhead;
}

function PinPad({ view, prompt, checking, ahead }: PadProps): JSX.Element {
  const { t, bridge } = useSeat();
  const { entry, press: type, clear, now } = useTypedPin(prompt.maxDigits, ahead.now().digits);
  const [flaw, setFlaw] = useState<'pin.tooShort' | 'pin.digitsOnly' | null>(null);
  // While a PIN is checked the prompt is that of before, and so is its wait, which was over by then.
  const { failed, ask } = useAsked();
  const waitMs = useCountdown(checking ? 0 : prompt.waitMs, view.generation);
  const busy = checking || waitMs > 0;
  const wrong = !checking && view.message?.key === 'pin.wrong';

  const send = useCallback(
    (digits: string) => {
      if (digits.length < prompt.minDigits) {
        setFlaw('pin.tooShort');
        return;
      }
      clear();
      void ask(bridge.pin({ pin: digits }));
    },
    [bridge, ask, prompt.minDigits, clear],
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
  // Once, when the pad appears, with the keys typed before it.
  const begun = useRef(false);
  useLayoutEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const whole = now().length === prompt.maxDigits || ahead.now().entered;
    ahead.forget();
    if (whole) ok();
  }, [ahead, now, ok, prompt.maxDigits]);

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
        ) : view.message?.key === 'pin.wait' ? (
          // The wait that it speaks of is over.
          <p role="status">{t('pin.tries', { tries: prompt.triesLeft })}</p>
        ) : (
          <MessageLine message={view.message} failed={failed} />
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
