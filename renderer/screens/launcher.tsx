/** The launcher: a greeting, when this person was here last, the apps of the role, found by typing. */
import { type JSX, type KeyboardEvent as ReactKey, useEffect, useRef, useState } from 'react';
import type { AppView } from '../../contract/seat-view.ts';
import { useAsked, useMinute, useSeat } from '../context.ts';
import { Icon, StateMark } from '../parts/icons.tsx';
import { LauncherFoot } from '../parts/launcher-foot.tsx';
import { MessageLine } from '../parts/message.tsx';
import { findApps } from '../view/apps.ts';
import { blockedText } from '../view/blocked.ts';
import type { OpenView } from '../view/screen.ts';
import { lastHere, partOfDay } from '../view/time.ts';

interface LauncherProps {
  readonly view: OpenView;
  readonly onPinChange: () => void;
}

export function LauncherScreen({ view, onPinChange }: LauncherProps): JSX.Element {
  const { t, bridge } = useSeat();
  const [typed, setTyped] = useState('');
  const { failed, ask } = useAsked();
  const [explained, setExplained] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const found = findApps(view.apps, typed);
  useSearchByTyping(search);

  const open = (app: AppView): void => {
    setExplained(app.state === 'blocked' ? app.id : null);
    if (app.state === 'blocked' || app.state === 'starting') return;
    setTyped('');
    // Of a native application the policy may want another one.
    const isThere = app.state === 'running' && app.kind === 'web';
    void ask(isThere ? bridge.show({ appId: app.id }) : bridge.launch({ appId: app.id }));
  };
  const onKey = (event: ReactKey): void => {
    const first = found[0];
    if (event.key === 'Enter' && typed !== '' && first !== undefined) open(first);
    if (event.key === 'Escape') setTyped('');
  };

  return (
    <main className="launcher">
      <header className="launcher-head">
        <Greeting view={view} />
        <label className="search">
          <Icon name="search" />
          <span className="unseen">{t('launcher.search')}</span>
          <input
            ref={search}
            type="search"
            value={typed}
            placeholder={t('launcher.search')}
            autoComplete="off"
            spellCheck={false}
            maxLength={60}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={onKey}
          />
        </label>
      </header>
      <MessageLine message={view.message} failed={failed} />
      <Explanation app={view.apps.find(({ id }) => id === explained)} />
      {found.length > 0 ? (
        <ul className="tiles" aria-label={t('launcher.apps')}>
          {found.map((app) => (
            <li key={app.id}>
              <Tile app={app} onOpen={() => open(app)} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="empty" role="status">
          {view.apps.length === 0 ? t('launcher.empty') : t('launcher.none')}
        </p>
      )}
      <LauncherFoot view={view} onPinChange={onPinChange} />
    </main>
  );
}

function Greeting({ view }: { readonly view: OpenView }): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  const { session } = view;
  if (session.kind === 'breakglass') {
    return (
      <div className="greeting">
        <h1>{t('bar.emergency')}</h1>
        <p>{t('breakglass.session')}</p>
      </div>
    );
  }
  const last = session.lastLogin;
  return (
    <div className="greeting">
      <h1>{t(`greeting.${partOfDay(now)}`, { name: session.person.givenName })}</h1>
      <p>{last === null ? t('launcher.first') : t('launcher.last', { seat: last.seatName, when: lastHere(t, new Date(last.at), now) })}</p>
    </div>
  );
}

/** Whoever presses a tile that is blocked and can't see it hears why; on the tile it can always be read. */
function Explanation({ app }: { readonly app: AppView | undefined }): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  return (
    <p className="unseen" role="status">
      {app?.blocked !== undefined && (
        <>
          <span>{app.name}</span> <span>{blockedText(t, app.blocked, now)}</span>
        </>
      )}
    </p>
  );
}

function Tile({ app, onOpen }: { readonly app: AppView; readonly onOpen: () => void }): JSX.Element {
  const { t } = useSeat();
  const now = useMinute();
  const word = app.state === 'ready' && app.kind === 'web' ? t('app.web') : t(`app.${app.state}`);
  return (
    <button type="button" className="tile" data-state={app.state} aria-disabled={app.state === 'blocked'} onClick={onOpen}>
      <span className="tile-icon">
        <Icon name={app.icon} />
      </span>
      <span className="tile-name">{app.name}</span>
      <span className="tile-state">
        {app.state === 'running' && <StateMark mark="ok" />}
        {app.state === 'starting' && <StateMark mark="unknown" />}
        {app.state === 'blocked' && <StateMark mark="stop" />}
        {word}
      </span>
      {app.blocked !== undefined && <span className="tile-reason">{blockedText(t, app.blocked, now)}</span>}
    </button>
  );
}

/** Whoever just types means the search; the key that was pressed goes into it. */
function useSearchByTyping(search: React.RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      const field = search.current;
      if (field === null || document.activeElement === field || document.querySelector('dialog[open]') !== null) return;
      if ([...event.key].length === 1 && event.key !== ' ' && !event.ctrlKey && !event.altKey && !event.metaKey) field.focus();
    };
    document.addEventListener('keydown', heard);
    return () => document.removeEventListener('keydown', heard);
  }, [search]);
}
