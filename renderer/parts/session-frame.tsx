/** The session bar above everything a session shows, and the unmistakable frame of an emergency. */
import { type JSX, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import type { AppView } from '../../contract/seat-view.ts';
import { useCountdown, useMinute, useSeat, useUntil } from '../context.ts';
import type { OpenView } from '../view/screen.ts';
import { clockTime, countdown } from '../view/time.ts';
import { Icon, StateMark } from './icons.tsx';
import { BarAlarm } from './local-alarm.tsx';
import { MessageLine } from './message.tsx';
import { ProcedureButton } from './procedure.tsx';
import { factsOf } from './truth-row.tsx';

interface FrameProps {
  readonly view: OpenView;
  /** The app in front, whose own window lies below the bar; null for the launcher. */
  readonly front: string | null;
  readonly children?: ReactNode;
}

export function SessionFrame({ view, front, children }: FrameProps): JSX.Element {
  return (
    <div className="session" data-kind={view.session.kind}>
      <SessionBar view={view} front={front} />
      {children}
      {children === undefined && <AppPlace view={view} front={front} />}
      {view.session.kind === 'breakglass' && <div className="emergency-frame" aria-hidden="true" />}
    </div>
  );
}

/** Where an app has its own window: nothing to see of this page, and a name for whoever has the screen read out. */
function AppPlace({ view, front }: { readonly view: OpenView; readonly front: string | null }): JSX.Element {
  return (
    <main>
      <h1 className="unseen">{view.apps.find(({ id }) => id === front)?.name}</h1>
    </main>
  );
}

function SessionBar({ view, front }: { readonly view: OpenView; readonly front: string | null }): JSX.Element {
  const { t, bridge } = useSeat();
  const lock = useCallback(() => void bridge.lock({}), [bridge]);
  const running = view.apps.filter(({ state }) => state === 'running');
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the page's own header is a banner, which has a name
    <header className="bar" data-reminder={view.session.reminder ? 'yes' : 'no'} aria-label={t('bar.label')}>
      <Person view={view} />
      <BarAlarm view={view} />
      {view.session.ends !== null && <Ends remainingMs={view.session.ends.remainingMs} />}
      <nav className="chips" aria-label={t('bar.running')}>
        <button
          type="button"
          className="chip chip-home"
          aria-current={front === null}
          aria-keyshortcuts="Meta"
          title={t('bar.homeKey')}
          onClick={() => void bridge.show({ appId: null })}
        >
          <Icon name="home" />
          <span>{t('bar.home')}</span>
        </button>
        {running.map((app) => (
          <Chip key={app.id} app={app} front={front} />
        ))}
      </nav>
      {front !== null && <MessageLine message={view.message} className="bar-message" />}
      <BarTruth view={view} />
      <ProcedureButton view={view} />
      <button type="button" className="button button-accent bar-lock" onClick={lock}>
        <Icon name="lock" />
        <span>{t('bar.lock')}</span>
      </button>
    </header>
  );
}

/** In the bar, so that it is seen over an app too. */
function Ends({ remainingMs }: { readonly remainingMs: number }): JSX.Element {
  const { t, picture } = useSeat();
  const left = useCountdown(remainingMs, picture.view?.generation);
  // Read out once, not with each second.
  const [atFirst] = useState(remainingMs);
  return (
    <p className="bar-ends">
      <span className="unseen" role="alert">
        {t('bar.ends', { time: countdown(atFirst) })} {t('bar.endsText')}
      </span>
      <span aria-hidden="true">
        {t('bar.ends', { time: countdown(left) })} <span className="bar-ends-text">{t('bar.endsText')}</span>
      </span>
    </p>
  );
}

function Person({ view }: { readonly view: OpenView }): JSX.Element {
  const { t } = useSeat();
  const { session } = view;
  const left = useUntil(session.until);
  if (session.kind === 'breakglass') {
    return (
      <div className="bar-person bar-emergency">
        <Icon name="emergency" />
        <p>
          <strong>{t('bar.emergency')}</strong>
          <span>
            <span className="bar-left">{t('bar.left', { time: countdown(left) })}</span>
            {session.recorded && <span className="bar-recorded">{t('bar.recorded')}</span>}
          </span>
        </p>
      </div>
    );
  }
  return (
    <div className="bar-person">
      <span className="avatar" aria-hidden="true">
        {session.person.initials}
      </span>
      <p>
        <strong role="status">
          {session.reminder ? t('bar.signedIn', { name: session.person.displayName }) : session.person.displayName}
        </strong>
        <span>
          {session.person.roleName} <span className="bar-since">{t('bar.since', { time: clockTime(t, new Date(session.startedAt)) })}</span>
        </span>
      </p>
    </div>
  );
}

function Chip({ app, front }: { readonly app: AppView; readonly front: string | null }): JSX.Element {
  const { t, bridge } = useSeat();
  const isFront = app.id === front;
  const pair = useRef<HTMLSpanElement>(null);
  // Whoever looks at an application sees its name, however many run.
  useEffect(() => {
    if (isFront) pair.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [isFront]);
  return (
    <span ref={pair} className="chip-pair" data-front={isFront ? 'yes' : 'no'}>
      <button type="button" className="chip" aria-current={isFront} onClick={() => void bridge.show({ appId: app.id })}>
        <Icon name={app.icon} />
        <span>{app.name}</span>
      </button>
      <button
        type="button"
        className="chip-close"
        aria-label={t('app.close', { app: app.name })}
        onClick={() => void bridge.close({ appId: app.id })}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

/** Only what is not as it should be: a quiet bar is a good one. The reader and the connection are always named. */
function BarTruth({ view }: { readonly view: OpenView }): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  const facts = factsOf(t, view.truth, now).filter(({ mark, inSession }, at) => at < 2 || mark === 'stop' || inSession);
  return (
    <ul className="bar-truth" aria-label={t('lock.status')}>
      {facts.map(({ name, said, mark, meaning }) => (
        <li key={name} title={meaning ?? `${name}: ${said}`}>
          <StateMark mark={mark} />
          <span className="bar-truth-said">
            <span className={mark === 'ok' ? 'unseen' : undefined}>{name} </span>
            {said}
          </span>
        </li>
      ))}
    </ul>
  );
}
