/** The page that all locked screens share: whose seat this is, the clock, what to do, the row of truth. */
import type { JSX, ReactNode } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useMinute, useSeat } from '../context.ts';
import { clockTime, longDate } from '../view/time.ts';
import { DisplayButton } from './display-settings.tsx';
import { TruthRow } from './truth-row.tsx';

interface SeatPageProps {
  readonly view: SeatView;
  /** What to do, at the inner side of the page. */
  readonly children: ReactNode;
  /** The separate corner at the foot. */
  readonly corner?: ReactNode;
  /** The action needs the room: the clock steps back when the screen is small. */
  readonly busy?: boolean;
}

export function SeatPage({ view, children, corner, busy = false }: SeatPageProps): JSX.Element {
  return (
    <div className="seat-page" data-busy={busy ? 'yes' : 'no'}>
      <header className="seat-head">
        <p className="seat-name">
          <span className="seat-ward">{view.seat.wardName}</span>
          <span className="seat-bay">{view.seat.name}</span>
        </p>
        <Brand looks={view.looks} />
        <DisplayButton />
      </header>
      <main className="seat-main">
        <Clock />
        <section className="seat-action">{children}</section>
      </main>
      <footer className="seat-foot">
        <TruthRow truth={view.truth} />
        {corner}
      </footer>
    </div>
  );
}

/** The site's name and whom to call, as the policy has them, in the room that the head of the page has left. */
function Brand({ looks }: Pick<SeatView, 'looks'>): JSX.Element | null {
  const { siteName = null, helpdeskLine = null } = looks ?? {};
  if (siteName === null && helpdeskLine === null) return null;
  return (
    <p className="seat-brand">
      {siteName !== null && (
        <span className="seat-site" dir="auto">
          {siteName}
        </span>
      )}
      {helpdeskLine !== null && (
        <span className="seat-helpdesk" dir="auto">
          {helpdeskLine}
        </span>
      )}
    </p>
  );
}

function Clock(): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  const [hours, minutes] = clockTime(t, now).split(':');
  return (
    <div className="clock">
      <time className="clock-time" dateTime={now.toISOString()} dir="ltr">
        {hours}
        <span className="clock-colon">:</span>
        {minutes}
      </time>
      <p className="clock-date">{longDate(t, now)}</p>
    </div>
  );
}
