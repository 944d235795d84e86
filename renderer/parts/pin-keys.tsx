/** The keys and dots of every PIN pad, for fingers in gloves and for the keyboard. What is typed belongs to the screen around it. */
import { type JSX, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { useSeat, useTyping } from '../context.ts';
import { NO_PIN, type PinEntry, type PinKey, padKey, pinKey } from '../view/pin.ts';
import { Icon } from './icons.tsx';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

export interface TypedPin {
  readonly entry: PinEntry;
  readonly clear: () => void;
  /** Presses a key and says what is typed now. */
  readonly press: (key: PinKey) => PinEntry;
  /** What is typed, within one drawing too. */
  readonly now: () => string;
}

/**
 * A PIN while it is typed. Several keys may come within one drawing: each must see what the one before it left.
 * @param ahead digits that were typed before there was a place for them
 */
export function useTypedPin(maxDigits: number, ahead = ''): TypedPin {
  const begun = { digits: ahead.slice(0, maxDigits) };
  const [entry, setShown] = useState<PinEntry>(begun);
  const present = useRef<PinEntry>(begun);
  const set = useCallback((next: PinEntry) => {
    present.current = next;
    setShown(next);
    return next;
  }, []);
  const press = useCallback((key: PinKey) => set(pinKey(present.current, key, maxDigits)), [set, maxDigits]);
  const clear = useCallback(() => void set(NO_PIN), [set]);
  const now = useCallback(() => present.current.digits, []);
  return { entry, clear, press, now };
}

interface DotsProps {
  readonly digits: number;
  readonly places: number;
  readonly checking: boolean;
  readonly wrong: boolean;
}

export function Dots({ digits, places, checking, wrong }: DotsProps): JSX.Element {
  const { t } = useSeat();
  return (
    <p className="dots" dir="ltr" data-checking={checking ? 'yes' : 'no'} data-wrong={wrong ? 'yes' : 'no'}>
      <span className="unseen" role="status">
        {t('pin.entered', { n: digits })}
      </span>
      {Array.from({ length: Math.max(places, digits) }, (_, at) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a place has no other name than its position
          key={at}
          className="dot"
          data-filled={checking || at < digits ? 'yes' : 'no'}
          aria-hidden="true"
        />
      ))}
    </p>
  );
}

interface KeysProps {
  readonly busy: boolean;
  readonly ready: boolean;
  readonly press: (key: PinKey) => void;
  readonly ok: () => void;
}

export function Keys({ busy, ready, press, ok }: KeysProps): JSX.Element {
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

interface PadActs {
  readonly press: (key: PinKey) => void;
  readonly ok: () => void;
  readonly cancel: () => void;
  /** A letter or a sign was typed, which is in no PIN. */
  readonly noDigit: () => void;
}

/** Keys of the keyboard work wherever the focus is; on a focused button Enter presses that button as always. */
export function usePadKeys({ press, ok, cancel, noDigit }: PadActs): void {
  useTyping();
  // Before the pad is painted: whoever types from habit must lose no digit on a busy machine.
  useLayoutEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]') !== null) return;
      const key = padKey(event.key);
      if (key === undefined) return;
      if (key === 'ok' && document.activeElement instanceof HTMLButtonElement) return;
      event.preventDefault();
      // A finger that rests on a key means one digit, not as many as the keyboard repeats.
      if (event.repeat && typeof key === 'object' && key.kind === 'digit') return;
      if (key === 'ok') ok();
      else if (key === 'cancel') cancel();
      else if (key === 'noDigit') noDigit();
      else press(key);
    };
    document.addEventListener('keydown', heard);
    return () => document.removeEventListener('keydown', heard);
  }, [press, ok, cancel, noDigit]);
}
