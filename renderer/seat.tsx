/**
 * The whole seat: takes the picture that main pushes and draws its screen. It holds no truth of its own but what a
 * person is just doing (typing, choosing a reason), and drops even that when the screen changes.
 */
import { type JSX, useEffect, useLayoutEffect, useMemo, useState } from 'react';
import type { Picture, SeatBridge } from '../contract/bridge.ts';
import { Context, type SeatContext, useClock, useSeat, useSince } from './context.ts';
import { textFor } from './i18n/text.ts';
import { AlarmSound } from './parts/local-alarm.tsx';
import { ModeRibbon } from './parts/mode-ribbon.tsx';
import { SessionFrame } from './parts/session-frame.tsx';
import { AwayScreen } from './screens/away.tsx';
import { BreakGlassScreen, EmergencyBadgeScreen } from './screens/break-glass.tsx';
import { EnrolmentScreen } from './screens/enrolment.tsx';
import { EntryScreen } from './screens/entry.tsx';
import { FaultedScreen } from './screens/faulted.tsx';
import { LauncherScreen } from './screens/launcher.tsx';
import { LockScreen } from './screens/lock.tsx';
import { NewBadgeScreen } from './screens/new-badge.tsx';
import { PinScreen } from './screens/pin.tsx';
import { PinChangeScreen } from './screens/pin-change.tsx';
import { QuestionLayer } from './screens/question.tsx';
import { SecondScreen } from './screens/second.tsx';
import { TroubleScreen } from './screens/trouble.tsx';
import { WarningLayer } from './screens/warning.tsx';
import { type Screen, screenOf } from './view/screen.ts';

export function Seat({ bridge }: { readonly bridge: SeatBridge }): JSX.Element | null {
  const [picture, setPicture] = useState<Picture | null>(null);
  useEffect(() => {
    const take = (next: Picture): void => setPicture((now) => (now === null || next.serial >= now.serial ? next : now));
    bridge.on.picture(take);
    bridge.on.bar(() => document.querySelector<HTMLElement>('.chip-home')?.focus());
    void bridge.hello({}).then((answer) => {
      if (answer.ok) take(answer.result);
    });
  }, [bridge]);
  return picture === null ? null : <Pictured picture={picture} bridge={bridge} />;
}

function Pictured({ picture, bridge }: { readonly picture: Picture; readonly bridge: SeatBridge }): JSX.Element {
  const { locale, theme, textPercent } = picture.display;
  const t = useMemo(() => textFor(locale), [locale]);
  const screen = useMemo(() => screenOf(picture), [picture]);
  const [aside, setAside] = useState<Aside | null>(null);
  const asking = aside !== null && offers(screen, aside) ? aside : null;
  if (aside !== asking) setAside(asking);
  const session = screen.kind === 'launcher' || screen.kind === 'app' || screen.kind === 'trouble' ? screen.view.session : null;
  const question = picture.view?.question ?? null;
  const warning = session === null ? null : (picture.view?.warning ?? null);

  useLayoutEffect(() => {
    const { dataset } = document.documentElement;
    document.documentElement.lang = t.formats;
    document.documentElement.dir = t.direction;
    dataset['theme'] = theme === 'auto' ? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light') : theme;
    dataset['accent'] = picture.view?.looks?.accent ?? 'petrol';
    dataset['text'] = String(textPercent);
    dataset['screen'] = asking ?? screen.kind;
    dataset['session'] = session?.kind ?? 'none';
    dataset['warning'] = warning === null ? 'no' : 'yes';
    dataset['question'] = question?.kind ?? 'no';
    dataset['mode'] = picture.mode;
    dataset['serial'] = String(picture.serial);
  });

  const saidAt = useSince(picture.view?.message);
  const now = useClock();
  const context: SeatContext = useMemo(() => ({ t, bridge, picture, saidAt, now }), [t, bridge, picture, saidAt, now]);
  return (
    <Context value={context}>
      <Body screen={screen} asking={asking} onAside={setAside} />
      {session !== null && warning !== null && (
        <WarningLayer
          warning={warning}
          blurred={picture.view?.blurred === true}
          overApp={screen.kind === 'app'}
          procedureSeconds={session.procedure.offeredSeconds}
        />
      )}
      {session !== null && question !== null && (
        <QuestionLayer question={question} overApp={screen.kind === 'app'} emergency={session.kind === 'breakglass'} />
      )}
      <AlarmSound since={picture.view?.localAlarm?.since ?? null} />
      {picture.mode !== 'kiosk' && <ModeRibbon mode={picture.mode} />}
    </Context>
  );
}

/** What a person may turn to without the agent's doing: from the lock, or from the launcher. */
export type Aside = 'breakglass' | 'entry' | 'newbadge' | 'pinchange';

function offers(screen: Screen, aside: Aside): boolean {
  if (aside === 'pinchange') return screen.kind === 'launcher' && screen.view.session.pinRule !== null;
  if (screen.kind !== 'lock' || screen.locking) return false;
  const { breakGlass, signIn } = screen.view;
  if (aside === 'breakglass') return breakGlass.available;
  // Begun is begun: the answer of the server must find its screen.
  return aside === 'newbadge' ? true : signIn.byName || signIn.byCode;
}

interface BodyProps {
  readonly screen: Screen;
  readonly asking: Aside | null;
  readonly onAside: (aside: Aside | null) => void;
}

function Body({ screen, asking, onAside }: BodyProps): JSX.Element {
  const { bridge } = useSeat();
  switch (screen.kind) {
    case 'connecting':
      return <AwayScreen link="connecting" forMs={0} />;
    case 'away':
      return <AwayScreen link={screen.link} forMs={screen.forMs} />;
    case 'enrolment':
      return <EnrolmentScreen view={screen.view} />;
    case 'faulted':
      return <FaultedScreen view={screen.view} />;
    case 'lock':
      if (asking === 'breakglass') return <BreakGlassScreen view={screen.view} onBack={() => onAside(null)} />;
      if (asking === 'entry') return <EntryScreen view={screen.view} onBack={() => onAside(null)} />;
      if (asking === 'newbadge') return <NewBadgeScreen view={screen.view} onBack={() => onAside(null)} />;
      return <LockScreen view={screen.view} locking={screen.locking} onAside={onAside} />;
    case 'pin':
      return <PinScreen view={screen.view} prompt={screen.prompt} />;
    case 'badge':
      return <EmergencyBadgeScreen view={screen.view} />;
    case 'second':
      return <SecondScreen view={screen.view} prompt={screen.prompt} />;
    case 'launcher':
      return (
        <SessionFrame view={screen.view} front={null}>
          {asking === 'pinchange' && screen.view.session.pinRule !== null ? (
            <PinChangeScreen view={screen.view} rule={screen.view.session.pinRule} onBack={() => onAside(null)} />
          ) : (
            <LauncherScreen
              view={screen.view}
              onPinChange={() => {
                // An application that is still starting would come over the pad, and get the digits that are typed on.
                void bridge.show({ appId: null });
                onAside('pinchange');
              }}
            />
          )}
        </SessionFrame>
      );
    case 'app':
      return <SessionFrame view={screen.view} front={screen.appId} />;
    case 'trouble':
      return (
        <SessionFrame view={screen.view} front={screen.appId}>
          <TroubleScreen view={screen.view} appId={screen.appId} trouble={screen.trouble} />
        </SessionFrame>
      );
  }
}
