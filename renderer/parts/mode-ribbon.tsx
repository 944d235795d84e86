/** Says that this is not a locked seat, for as long as it is not one. */
import type { JSX } from 'react';
import type { SeatMode } from '../../contract/bridge.ts';
import { useSeat } from '../context.ts';

export function ModeRibbon({ mode }: { readonly mode: Exclude<SeatMode, 'kiosk'> }): JSX.Element {
  const { t, bridge } = useSeat();
  return (
    <aside className="ribbon" aria-label={t(`mode.${mode}`)}>
      <span>{t(`mode.${mode}`)}</span>
      {mode === 'practice' && (
        <button type="button" className="ribbon-close" onClick={() => void bridge.leave({})}>
          {t('mode.leave')}
        </button>
      )}
    </aside>
  );
}
