/** The foot of the launcher: the PIN, and the end of the session. Whoever slips onto that while something runs is asked first. */
import { type JSX, useEffect, useRef, useState } from 'react';
import { useForgotten, useSeat } from '../context.ts';
import type { OpenView } from '../view/screen.ts';
import { Icon } from './icons.tsx';

/** A question that nobody answers goes away, in milliseconds. */
const ASK_MS = 15_000;

interface FootProps {
  readonly view: OpenView;
  readonly onPinChange: () => void;
}

export function LauncherFoot({ view, onPinChange }: FootProps): JSX.Element {
  const { t, bridge } = useSeat();
  const [asking, setAsking] = useState(false);
  const open = view.apps.filter(({ state }) => state === 'running' || state === 'starting').length;
  const end = (): void => void bridge.logout({});
  if (asking && open > 0) return <EndQuestion open={open} onEnd={end} onStay={() => setAsking(false)} />;
  return (
    <footer className="launcher-foot">
      {view.session.pinRule !== null && (
        <button type="button" className="button button-quiet button-pin-change" onClick={onPinChange}>
          <Icon name="lock" />
          <span>{t('launcher.changePin')}</span>
        </button>
      )}
      <button type="button" className="button button-quiet button-end" onClick={() => (open > 0 ? setAsking(true) : end())}>
        <Icon name="leave" />
        <span>{t('launcher.endSession')}</span>
      </button>
    </footer>
  );
}

interface QuestionProps {
  readonly open: number;
  readonly onEnd: () => void;
  readonly onStay: () => void;
}

/** A second tap at the same place keeps the session. */
function EndQuestion({ open, onEnd, onStay }: QuestionProps): JSX.Element {
  const { t } = useSeat();
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => stay.current?.focus(), []);
  useForgotten(open, onStay, ASK_MS);
  return (
    <footer className="launcher-foot launcher-ends">
      <p role="alert">{t('launcher.endText', { n: open })}</p>
      <button type="button" className="button" onClick={onEnd}>
        {t('launcher.endSession')}
      </button>
      <button ref={stay} type="button" className="button button-accent" onClick={onStay}>
        {t('warning.stay')}
      </button>
    </footer>
  );
}
