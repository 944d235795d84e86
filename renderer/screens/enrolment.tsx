/** Enrolment for IT: the server's address, the token, and the steps as the agent really takes them. */
import { type JSX, type SyntheticEvent, useId, useState } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { DisplayButton } from '../parts/display-settings.tsx';
import { Icon, StateMark } from '../parts/icons.tsx';
import { TruthRow } from '../parts/truth-row.tsx';

const STEPS = ['contacting', 'verifying', 'certifying', 'done'] as const;
const steps: readonly string[] = STEPS;
type Step = NonNullable<SeatView['enrolment']>['step'];

export function EnrolmentScreen({ view }: { readonly view: SeatView }): JSX.Element {
  const { t, bridge } = useSeat();
  const [server, setServer] = useState('https://');
  const [token, setToken] = useState('');
  const [refused, setRefused] = useState<string | null>(null);
  const { step, error } = view.enrolment ?? { step: 'idle' as const, error: null };
  const working = step === 'contacting' || step === 'verifying' || step === 'certifying';
  const said = error === null ? refused : error.message;

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setRefused(null);
    const answer = await bridge.enrol({ server: server.trim(), token: token.trim() });
    if (answer.ok) setToken('');
    else setRefused(answer.message);
  };
  return (
    <div className="plain">
      <header className="plain-head">
        <DisplayButton />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: with large text it scrolls, and while IT waits nothing else in it takes the focus */}
      <main className="panel enrol" tabIndex={0}>
        <h1>{t('enrol.title')}</h1>
        <p>{t('enrol.text')}</p>
        <div role="status" aria-live="polite">
          {step === 'done' && <p className="enrol-said">{t('enrol.done')}</p>}
          {said !== null && (
            <p className="enrol-said message message-stop">
              <StateMark mark="stop" />
              <span>
                <strong>{t('enrol.failed')}</strong> {said}
                {error !== null && <small className="code">{t('message.code', { code: error.code })}</small>}
              </span>
            </p>
          )}
        </div>
        <div className="enrol-columns">
          <form onSubmit={(event) => void submit(event)}>
            <Field label={t('enrol.server')} hint={t('enrol.serverHint')} value={server} onChange={setServer} limit={300} busy={working} />
            <Field label={t('enrol.token')} value={token} onChange={setToken} limit={120} busy={working} />
            <button type="submit" className="button button-accent button-large" disabled={working || token.trim() === ''}>
              {step === 'failed' ? t('enrol.retry') : t('enrol.start')}
            </button>
          </form>
          <Steps step={step} />
        </div>
      </main>
      <footer className="plain-foot">
        <TruthRow truth={view.truth} />
      </footer>
    </div>
  );
}

function Steps({ step }: { readonly step: Step }): JSX.Element {
  const { t } = useSeat();
  const at = step === 'done' ? STEPS.length : steps.indexOf(step);
  return (
    <ol className="enrol-steps" aria-label={t('enrol.steps')}>
      {STEPS.map((name, index) => {
        const state = index < at ? 'done' : index === at ? 'now' : 'next';
        return (
          <li key={name} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
            {state === 'done' ? <Icon name="check" className="icon step-check" /> : <StateMark mark="unknown" />}
            <span>
              {t(`enrol.step.${name}`)} <small>{t(`state.${state}`)}</small>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly limit: number;
  readonly busy: boolean;
}

function Field({ label, hint, value, onChange, limit, busy }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        dir="ltr"
        value={value}
        maxLength={limit}
        disabled={busy}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}
