/**
 * The warning: the work stays visible inside a ring that closes with the countdown. Over an app main cuts the window
 * along the same ring and card; over the launcher the ring is drawn here.
 */
import { type CSSProperties, type JSX, useEffect, useId, useRef, useState } from 'react';
import { type Rect, SESSION_BAR_HEIGHT, warningCard, warningHole } from '../../core/view/frame.ts';
import { useCountdown, useSeat } from '../context.ts';
import { ProcedureOffer } from '../parts/procedure.tsx';
import { Ring } from '../parts/ring.tsx';

interface WarningProps {
  readonly warning: { readonly remainingMs: number; readonly totalMs: number };
  /** The countdown is over and the work is covered until the lock. */
  readonly blurred: boolean;
  readonly overApp: boolean;
  /** How long a procedure in progress may keep the seat open; 0 where it is not offered. */
  readonly procedureSeconds: number;
}

export function WarningLayer({ warning, blurred, overApp, procedureSeconds }: WarningProps): JSX.Element {
  const { t, bridge, picture } = useSeat();
  const size = useWindowSize();
  const card = warningCard(size, SESSION_BAR_HEIGHT, picture.display.textPercent);
  const left = useCountdown(warning.remainingMs, picture.view?.generation);
  const seconds = Math.ceil(left / 1000);
  const part = left / Math.max(1, warning.totalMs);
  const title = useId();
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!overApp) stay.current?.focus();
  }, [overApp]);
  return (
    <div className="warning" data-over-app={overApp ? 'yes' : 'no'} data-blurred={blurred ? 'yes' : 'no'}>
      <div className="warning-veil" aria-hidden="true">
        <div className="warning-ring" style={placed(below(warningHole(size, SESSION_BAR_HEIGHT, part)))} />
      </div>
      <section className="warning-card" role="alertdialog" aria-labelledby={title} style={placed(card)}>
        <div className="warning-text">
          <Ring part={part} label={String(seconds)} />
          <div>
            <h2 id={title}>{t(blurred ? 'blurred.title' : 'warning.title')}</h2>
            <p>{t(blurred ? 'blurred.text' : 'warning.text', { seconds })}</p>
          </div>
        </div>
        <div className="warning-buttons">
          <button type="button" className="button button-large" onClick={() => void bridge.lock({})}>
            {t('warning.lock')}
          </button>
          <button ref={stay} type="button" className="button button-accent button-large" onClick={() => void bridge.stay({})}>
            {t('warning.stay')}
          </button>
          <ProcedureOffer offeredSeconds={procedureSeconds} />
        </div>
      </section>
    </div>
  );
}

/** The veil begins below the session bar, which stays usable. */
function below({ x, y, width, height }: Rect): Rect {
  return { x, y: y - SESSION_BAR_HEIGHT, width, height };
}

export function placed({ x, y, width, height }: Rect): CSSProperties {
  return { left: x, top: y, width, height };
}

export function useWindowSize(): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: innerWidth, height: innerHeight });
  useEffect(() => {
    const resized = (): void => setSize({ width: innerWidth, height: innerHeight });
    addEventListener('resize', resized);
    return () => removeEventListener('resize', resized);
  }, []);
  return size;
}
