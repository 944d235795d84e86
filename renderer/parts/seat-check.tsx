/** The state of the seat in sentences, for whoever mends it: opened from the row of truth, changing with the seat. It repairs nothing. */
import { type JSX, useEffect, useId, useRef, useState } from 'react';
import type { TruthView } from '../../contract/seat-view.ts';
import { useMinute, useSeat } from '../context.ts';
import { type Check, checksOf, needingAttention } from '../view/seat-check.ts';
import { StateMark } from './icons.tsx';

/** Left open it would stand before the next person, in milliseconds: long enough to be read out on the telephone. */
const CLOSE_AFTER_MS = 180_000;

/** Lies over the row of truth: whoever touches that wants to know more. */
export function SeatCheckButton({ truth }: { readonly truth: TruthView }): JSX.Element {
  const { t } = useSeat();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="truth-open" aria-label={t('check.open')} aria-expanded={open} onClick={() => setOpen(true)} />
      {open && <SeatCheckPanel truth={truth} onClose={() => setOpen(false)} />}
    </>
  );
}

function SeatCheckPanel({ truth, onClose }: { readonly truth: TruthView; readonly onClose: () => void }): JSX.Element {
  const { t, picture } = useSeat();
  const panel = useRef<HTMLDialogElement>(null);
  const title = useId();
  const checks = checksOf(t, truth, useMinute());
  const attention = needingAttention(checks);
  const helpdesk = picture.view?.seat.helpdesk ?? '';
  useEffect(() => {
    panel.current?.showModal();
    const timer = setTimeout(() => panel.current?.close(), CLOSE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <dialog ref={panel} className="panel settings seat-check" aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>{t('lock.status')}</h2>
      <p className="seat-check-sum" role="status">
        <StateMark mark={attention === 0 ? 'ok' : 'warn'} />
        <strong>{attention === 0 ? t('check.well') : t('check.attention', { n: attention })}</strong>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and nothing in it takes the focus */}
      <section className="checks" aria-labelledby={title} tabIndex={0}>
        <p className="soft">{t('check.text')}</p>
        <ul>
          {checks.map((check) => (
            <CheckRow key={check.id} check={check} />
          ))}
        </ul>
        {attention > 0 && helpdesk !== '' && <p>{t('faulted.call', { helpdesk })}</p>}
      </section>
      <button type="button" className="button button-accent" onClick={() => panel.current?.close()}>
        {t('display.done')}
      </button>
    </dialog>
  );
}

function CheckRow({ check: { id, mark, says, todo } }: { readonly check: Check }): JSX.Element {
  const { t } = useSeat();
  return (
    <li data-check={id} data-mark={mark}>
      <StateMark mark={mark} />
      <div>
        <h3>{t(`truth.${id}`)}</h3>
        {says.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        {todo !== null && <p className="check-todo">{todo}</p>}
      </div>
    </li>
  );
}
