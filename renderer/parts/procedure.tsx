/** "Procedure in progress": how a person keeps the seat from closing over their hands, for a time that is shown. */
import type { JSX } from 'react';
import { useSeat, useUntil } from '../context.ts';
import type { OpenView } from '../view/screen.ts';
import { countdown } from '../view/time.ts';
import { Icon } from './icons.tsx';

/** In the session bar; pressed while a procedure is in progress, with the time that is left. */
export function ProcedureButton({ view }: { readonly view: OpenView }): JSX.Element | null {
  const { t, bridge } = useSeat();
  const { offeredSeconds, until } = view.session.procedure;
  const left = useUntil(until ?? undefined);
  if (offeredSeconds === 0 && until === null) return null;
  const isOn = until !== null;
  return (
    <button
      type="button"
      className="chip bar-procedure"
      aria-pressed={isOn}
      title={isOn ? t('procedure.end') : t('procedure.meaning', { minutes: minutesOf(offeredSeconds) })}
      onClick={() => void bridge.procedure({ on: !isOn })}
    >
      <Icon name="chart" />
      <span>{isOn ? t('procedure.left', { time: countdown(left) }) : t('procedure.button')}</span>
    </button>
  );
}

/** In the warning, where it is asked for most. */
export function ProcedureOffer({ offeredSeconds }: { readonly offeredSeconds: number }): JSX.Element | null {
  const { t, bridge } = useSeat();
  if (offeredSeconds === 0) return null;
  return (
    <button type="button" className="button warning-procedure" onClick={() => void bridge.procedure({ on: true })}>
      {t('procedure.offer', { minutes: minutesOf(offeredSeconds) })}
    </button>
  );
}

function minutesOf(seconds: number): number {
  return Math.max(1, Math.round(seconds / 60));
}
