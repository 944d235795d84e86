/** The lock: what to do in one line with a drawn badge, whose work is kept, what happened last. */
import type { JSX } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { BadgeDrawing } from '../parts/badge-drawing.tsx';
import { Icon } from '../parts/icons.tsx';
import { AlarmBanner } from '../parts/local-alarm.tsx';
import { MessageLine } from '../parts/message.tsx';
import { SeatPage } from '../parts/seat-page.tsx';
import { instructionOf, letsNobodyIn } from '../view/instruction.ts';
import { clockTime } from '../view/time.ts';

interface LockProps {
  readonly view: SeatView;
  readonly locking: boolean;
  readonly onAside: (aside: 'breakglass' | 'entry' | 'newbadge') => void;
}

export function LockScreen({ view, locking, onAside }: LockProps): JSX.Element {
  const { t } = useSeat();
  const { kept, signIn, truth } = view;
  const isClosed = letsNobodyIn(view);
  const corner = view.breakGlass.available && (
    <button type="button" className="button button-emergency" onClick={() => onAside('breakglass')} disabled={locking}>
      <Icon name="emergency" />
      <span>{t('lock.emergency')}</span>
    </button>
  );
  return (
    <SeatPage view={view} corner={corner}>
      <AlarmBanner view={view} />
      {!isClosed && <BadgeDrawing reader={truth.reader.state} />}
      <Instruction view={view} locking={locking} />
      {kept !== null && (
        <p className="kept">
          <Icon name="lock" />
          <span>{t('lock.kept', { initials: dotted(kept.initials), time: clockTime(t, new Date(kept.until)) })}</span>
        </p>
      )}
      <MessageLine message={locking ? null : view.message} />
      <div className="lock-ways">
        {!isClosed && signIn.newBadge && (
          <button type="button" className="button button-new-badge" onClick={() => onAside('newbadge')} disabled={locking}>
            <Icon name="check" />
            <span>{t('lock.newBadge')}</span>
          </button>
        )}
        {!isClosed && (signIn.byName || signIn.byCode) && (
          <button type="button" className="button button-entry" onClick={() => onAside('entry')} disabled={locking}>
            <Icon name="people" />
            <span>{t('lock.noBadge')}</span>
          </button>
        )}
      </div>
    </SeatPage>
  );
}

function Instruction({ view, locking }: Pick<LockProps, 'view' | 'locking'>): JSX.Element {
  const { t } = useSeat();
  const { title, hint } = instructionOf(view);
  return (
    <div className="instruction">
      <h1>{locking ? t('lock.locking') : t(title)}</h1>
      {!locking && <p>{t(hint)}</p>}
    </div>
  );
}

/** AR becomes A.R., as a person writes initials. */
function dotted(initials: string): string {
  return /^\p{L}+$/u.test(initials) ? `${[...initials].join('.')}.` : initials;
}
