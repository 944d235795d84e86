/**
 * The boundary between the renderer and Electron main: what a person at the seat may intend, and the one picture that
 * main pushes back. It carries ids and typed text only; no path, no program, no origin ever comes from the renderer.
 */
import Type, { type Static } from 'typebox';
import { boundary, type EventBody, type EventName, type Params, type RequestName, type Result } from './boundary.ts';
import { Count, Id, Milliseconds, Nothing } from './scalars.ts';
import { SeatView } from './seat-view.ts';
import { uiBoundary } from './ui.ts';

/** How the kiosk was started. Only `kiosk` is a locked seat; the other two say on the screen that they are not. */
export const SeatMode = Type.Union([Type.Literal('kiosk'), Type.Literal('rehearsal'), Type.Literal('practice')]);

/** The agent as main sees it. Whatever is not `up` is shown as an opaque lock. */
export const LinkState = Type.Union([
  Type.Literal('connecting'),
  Type.Literal('up'),
  Type.Literal('away'),
  Type.Literal('hung'),
  Type.Literal('refused'),
]);

/** The person's own settings of the screen; they change nothing but looks. */
export const DisplaySettings = Type.Object(
  {
    locale: Type.Union([Type.Literal('en'), Type.Literal('de'), Type.Literal('pseudo'), Type.Literal('pseudo-rtl')]),
    theme: Type.Union([Type.Literal('light'), Type.Literal('dark'), Type.Literal('auto')]),
    textPercent: Type.Union([Type.Literal(100), Type.Literal(150), Type.Literal(200)]),
  },
  { additionalProperties: false },
);

/** Why a web app can't be seen: no answer, an address that the policy does not name, a page that ended. */
export const WebTrouble = Type.Object({
  kind: Type.Union([Type.Literal('unreachable'), Type.Literal('refused'), Type.Literal('crashed')]),
  /** For the helpdesk, as Chromium names it. */
  code: Type.String({ maxLength: 60 }),
  /** It is being tried again. */
  retrying: Type.Boolean(),
});

/** Everything that the renderer draws, complete at each push. */
export const Picture = Type.Object({
  serial: Count,
  mode: SeatMode,
  link: LinkState,
  /** Milliseconds since the link left `up`; 0 while it is up. */
  linkForMs: Milliseconds,
  /** Null while the agent is away: an old view must never be shown again. */
  view: Type.Union([Type.Null(), SeatView]),
  /** A lock was asked for or is due and the agent has not answered yet: draw the lock already. */
  lockPredicted: Type.Boolean(),
  /** The app in front; null is the launcher. */
  front: Type.Union([Type.Null(), Id]),
  /** Of the web app in front, which is then not shown; null when there is none. */
  trouble: Type.Union([Type.Null(), WebTrouble]),
  display: DisplaySettings,
});

const {
  name,
  names,
  code,
  pin,
  enrolBadge,
  changePin,
  cancel,
  lock,
  logout,
  stay,
  handOver,
  witness,
  procedure,
  launch,
  close,
  breakGlass,
  enrol,
} = uiBoundary.requests;

export const bridgeBoundary = boundary({
  name: 'bridge',
  protocol: 1,
  requests: {
    /** The page is drawn and listens; the answer is the present picture. */
    hello: { params: Nothing, result: Picture },
    name,
    names,
    code,
    pin,
    enrolBadge,
    changePin,
    cancel,
    lock,
    logout,
    stay,
    handOver,
    witness,
    procedure,
    launch,
    close,
    breakGlass,
    enrol,
    /** Brings a running app to the front; null goes back to the launcher. */
    show: { params: Type.Object({ appId: Type.Union([Type.Null(), Id]) }, { additionalProperties: false }), result: Nothing },
    /** Tries again a web app that can't be seen. */
    retry: { params: Type.Object({ appId: Id }, { additionalProperties: false }), result: Nothing },
    display: { params: DisplaySettings, result: Nothing },
    /** The page waits for a person to type a PIN, a name or a code, or no more: by it a slow machine tells them from a badge. */
    typing: { params: Type.Object({ awaited: Type.Boolean() }, { additionalProperties: false }), result: Nothing },
    /** Closes the window; only a practice window can be closed this way. */
    leave: { params: Nothing, result: Nothing },
  },
  events: {
    picture: Picture,
    /** The session bar has the keyboard now, asked for from an application. */
    bar: Nothing,
  },
});

export type BridgeBoundary = typeof bridgeBoundary;
export type Picture = Static<typeof Picture>;
export type WebTrouble = Static<typeof WebTrouble>;
export type SeatMode = Static<typeof SeatMode>;
export type LinkState = Static<typeof LinkState>;
export type DisplaySettings = Static<typeof DisplaySettings>;

/** The channels of Electron's IPC that the bridge uses; no other is ever listened to. */
export const BRIDGE_REQUEST_CHANNEL = 'wardlock:request';
export const BRIDGE_EVENT_CHANNEL = 'wardlock:event';

/** What a request comes back as: a value, or a code of the closed union with a plain sentence. */
export type Answer<T> = { readonly ok: true; readonly result: T } | { readonly ok: false; readonly code: string; readonly message: string };

/** What the preload puts on `window.wardlock`: one function per request, one subscription per event, nothing else. */
export type SeatBridge = {
  readonly [N in RequestName<BridgeBoundary>]: (params: Params<BridgeBoundary, N>) => Promise<Answer<Result<BridgeBoundary, N>>>;
} & { readonly on: { readonly [N in EventName<BridgeBoundary>]: (listener: (body: EventBody<BridgeBoundary, N>) => void) => void } };
