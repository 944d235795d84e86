/** The PIN pad, in the place of the badge: keys for gloves, the keyboard, tries left, the waiting ring. */
import { type JSX, useCallback, useEffect, useRef, useState } from 'react';
import type { PromptView, SeatView } from '../../contract/seat-view.ts';
import { useCountdown, useSeat } from '../context.ts';
import { Icon } from '../parts/icons.tsx';
import { MessageLine } from '../parts/message.tsx';
import { Ring } from '../parts/ring.tsx';
import { SeatPage } from '../parts/seat-page.tsx';
import { NO_PIN, type PinEntry, type PinKey, padKey, pinKey } from '../view/pin.ts';
import type { PinPrompt } from '../view/screen.ts';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const TITLES = { open: 'pin.title', return: 'pin.return', takeover: 'pin.takeover' } as const;

export function PinScreen({
  view,
  prompt,
}: {
  readonly view: SeatView;
  readonly prompt: Exclude<PromptView, { kind: 'badge' }>;
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
  const [entry, setShown] = useState<PinEntry>(NO_PIN);
  // Several keys may come within one drawing: each must see what the one before it left.
  const present = useRef<PinEntry>(NO_PIN);
  const setEntry = useCallback((next: PinEntry) => {
    present.current = next;
    setShown(next);
  }, []);
  const [tooShort, setTooShort] = useState(false);
  const waitMs = useCountdown(prompt.waitMs, view.generation);
  const busy = checking || waitMs > 0;
  const wrong = !checking && view.message?.key === 'pin.wrong';

  const send = useCallback(
    (digits: string) => {
      if (digits.length < prompt.minDigits) {
        setTooShort(true);
        return;
      }
      setEntry(NO_PIN);
      void bridge.pin({ pin: digits });
    },
    [bridge, prompt.minDigits, setEntry],
  );
  const press = useCallback(
    (key: PinKey) => {
      if (busy) return;
      setTooShort(false);
      const next = pinKey(present.current, key, prompt.maxDigits);
      setEntry(next);
      if (key.kind === 'digit' && next.digits.length === prompt.maxDigits) send(next.digits);
    },
    [busy, prompt.maxDigits, send, setEntry],
  );
  const ok = useCallback(() => {
    // A PIN of full length goes off by itself; the Enter of habit that follows must not cover the answer.
    if (!busy && present.current.digits !== '') send(present.current.digits);
  }, [busy, send]);
  const cancel = useCallback(() => void bridge.cancel({}), [bridge]);
  useKeyboard({ press, ok, cancel });

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
      <Dots key={wrong ? JSON.stringify(view.message?.params) : ''} entry={entry} prompt={prompt} checking={checking} wrong={wrong} />
      <div className="pin-said">
        {waitMs > 0 ? (
          <Waiting leftMs={waitMs} wholeMs={prompt.waitMs} />
        ) : checking ? (
          <p role="status">{t('pin.checking')}</p>
        ) : tooShort ? (
          <p role="status">{t('pin.tooShort', { min: prompt.minDigits })}</p>
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

interface DotsProps {
  readonly entry: PinEntry;
  readonly prompt: PinPrompt;
  readonly checking: boolean;
  readonly wrong: boolean;
}

function Dots({ entry, prompt, checking, wrong }: DotsProps): JSX.Element {
  const { t } = useSeat();
  const places = Math.max(prompt.minDigits, entry.digits.length);
  return (
    <p className="dots" dir="ltr" data-checking={checking ? 'yes' : 'no'} data-wrong={wrong ? 'yes' : 'no'}>
      <span className="unseen" role="status">
        {t('pin.entered', { n: entry.digits.length })}
      </span>
      {Array.from({ length: places }, (_, at) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a place has no other name than its position
          key={at}
          className="dot"
          data-filled={checking || at < entry.digits.length ? 'yes' : 'no'}
          aria-hidden="true"
        />
      ))}
    </p>
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

interface KeysProps {
  readonly busy: boolean;
  readonly ready: boolean;
  readonly press: (key: PinKey) => void;
  readonly ok: () => void;
}

function Keys({ busy, ready, press, ok }: KeysProps): JSX.Element {
  const { t } = useSeat();
  const digit = (value: string): JSX.Element => (
    <button type="button" key={value} className="key" disabled={busy} onClick={() => press({ kind: 'digit', digit: value })}>
      {value}
    </button>
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be a grid of keys in every Chromium that we support
    <div className="pad" role="group" aria-label={t('pin.pad')} dir="ltr">
      {DIGITS.map(digit)}
      <button
        type="button"
        className="key key-quiet"
        disabled={busy}
        aria-label={t('pin.delete')}
        onClick={() => press({ kind: 'delete' })}
      >
        <Icon name="erase" />
      </button>
      {digit('0')}
      <button type="button" className="key key-ok" disabled={busy} data-ready={ready ? 'yes' : 'no'} onClick={ok}>
        {t('pin.ok')}
      </button>
    </div>
  );
}

/** Keys of the keyboard work wherever the focus is; on a focused button Enter presses that button as always. */
function useKeyboard({ press, ok, cancel }: { press: (key: PinKey) => void; ok: () => void; cancel: () => void }): void {
  useEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      if (event.ctrlKey || document.querySelector('dialog[open]') !== null) return;
      const key = padKey(event.key);
      if (key === undefined) return;
      if (key === 'ok' && document.activeElement instanceof HTMLButtonElement) return;
      event.preventDefault();
      if (key === 'ok') ok();
      else if (key === 'cancel') cancel();
      else press(key);
    };
    document.addEventListener('keydown', heard);
    return () => document.removeEventListener('keydown', heard);
  }, [press, ok, cancel]);
}
