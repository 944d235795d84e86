/** A person changes the PIN: the old one, the new one, the new one again. The agent judges; nothing is kept here. */
import { type JSX, useCallback, useState } from 'react';
import { useSeat } from '../context.ts';
import { Dots, Keys, usePadKeys, useTypedPin } from '../parts/pin-keys.tsx';
import type { OpenView } from '../view/screen.ts';

type Step = 'old' | 'next' | 'again' | 'sending' | 'done';
type Said = Exclude<Awaited<ReturnType<ReturnType<typeof useSeat>['bridge']['changePin']>>, { ok: false }>['result'];
/** What is wrong, and which step is asked for again: a wrong old PIN begins anew, a weak new one does not. */
interface Trouble {
  readonly said: Said | 'different' | 'digitsOnly' | 'failed';
  readonly at: Step;
}

interface PinChangeProps {
  readonly view: OpenView;
  readonly rule: { readonly minDigits: number; readonly maxDigits: number };
  readonly onBack: () => void;
}

const OF_THE_OLD: readonly Said['outcome'][] = ['wrong', 'wait', 'blocked', 'full', 'notNow'];

export function PinChangeScreen({ view, rule, onBack }: PinChangeProps): JSX.Element {
  const { t, bridge } = useSeat();
  const { entry, press, clear, now } = useTypedPin(rule.maxDigits);
  const [step, setStep] = useState<Step>('old');
  const [typed, setTyped] = useState({ old: '', next: '' });
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const busy = step === 'sending' || step === 'done';
  const least = step === 'old' ? 1 : rule.minDigits;

  const send = useCallback(
    async (old: string, next: string) => {
      setStep('sending');
      const answer = await bridge.changePin({ old, next });
      if (answer.ok && answer.result.outcome === 'changed') {
        setTyped({ old: '', next: '' });
        setStep('done');
        return;
      }
      const said = answer.ok ? answer.result : 'failed';
      const anew = said === 'failed' || OF_THE_OLD.includes(said.outcome);
      setTyped({ old: anew ? '' : old, next: '' });
      setTrouble({ said, at: anew ? 'old' : 'next' });
      setStep(anew ? 'old' : 'next');
    },
    [bridge],
  );
  const ok = useCallback(() => {
    const digits = now();
    if (busy || digits.length < least) return;
    clear();
    setTrouble(null);
    if (step === 'old') {
      setTyped({ old: digits, next: '' });
      setStep('next');
    } else if (step === 'next') {
      setTyped({ old: typed.old, next: digits });
      setStep('again');
    } else if (digits === typed.next) {
      void send(typed.old, digits);
    } else {
      setTrouble({ said: 'different', at: 'next' });
      setStep('next');
    }
  }, [busy, least, step, typed, now, clear, send]);
  const onKey = useCallback((key: Parameters<typeof press>[0]) => void (busy || press(key)), [busy, press]);
  const noDigit = useCallback(() => {
    if (!busy) setTrouble({ said: 'digitsOnly', at: step });
  }, [busy, step]);
  usePadKeys({ press: onKey, ok: step === 'done' ? onBack : ok, cancel: onBack, noDigit });

  return (
    <main className="pin-change">
      <div className="pin-panel panel" aria-busy={step === 'sending'}>
        <header className="pin-head">
          <span className="avatar" aria-hidden="true">
            {view.session.person.initials}
          </span>
          <div>
            <p className="pin-person">{t('pinChange.title')}</p>
            <h1>{t(`pinChange.${step}`)}</h1>
          </div>
        </header>
        {step === 'done' ? (
          <p role="status">{view.truth.connection.state === 'online' ? t('pinChange.spread') : t('pinChange.later')}</p>
        ) : (
          <>
            <Dots
              digits={entry.digits.length}
              places={step === 'old' ? 0 : rule.minDigits}
              checking={step === 'sending'}
              wrong={trouble !== null && entry.digits === ''}
            />
            <div className="pin-said">
              <p role="status">
                {trouble === null || trouble.at !== step ? hintOf(t, step, rule.minDigits) : troubleText(t, trouble.said, rule)}
              </p>
            </div>
            <Keys busy={busy} ready={entry.digits.length >= least} press={onKey} ok={ok} />
          </>
        )}
        <button type="button" className="button button-quiet pin-cancel" onClick={onBack}>
          {step === 'done' ? t('pinChange.back') : t('pin.cancel')}
        </button>
      </div>
    </main>
  );
}

type Text = ReturnType<typeof useSeat>['t'];

function hintOf(t: Text, step: Step, min: number): string {
  return step === 'next' ? t('pinChange.hint', { min }) : step === 'sending' ? t('pin.checking') : '';
}

function troubleText(t: Text, said: Trouble['said'], { minDigits }: PinChangeProps['rule']): string {
  if (said === 'different') return t('pinChange.different');
  if (said === 'digitsOnly') return t('pin.digitsOnly');
  if (said === 'failed') return t('message.notTaken');
  switch (said.outcome) {
    case 'wrong':
      return t('message.pin.wrong', { tries: said.triesLeft });
    case 'wait':
      return t('message.pin.wait', { seconds: Math.ceil(said.waitMs / 1000) });
    case 'blocked':
      return t('message.pin.blocked');
    case 'short':
      return t('pin.tooShort', { min: minDigits });
    case 'repeat':
    case 'sequence':
    case 'date':
    case 'common':
    case 'used':
      return t(`pinChange.bad.${said.outcome}`);
    case 'full':
      return t('message.untoldFull');
    case 'form':
    case 'notNow':
    case 'changed':
      return t('message.notTaken');
  }
}
