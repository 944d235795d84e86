/**
 * What the seat shows, as a pure state: the agent's last view, the state of the link, a lock that is predicted, the app
 * in front. It may predict a lock and never an unlock; whatever is unclear counts as locked.
 */
import type { DisplaySettings, LinkState, Picture, SeatMode, WebTrouble } from '../contract/bridge.ts';
import type { SeatView } from '../contract/seat-view.ts';
import { choose, type DisplayState, heard, initialDisplay, shown } from './display-choice.ts';

export interface SeatState {
  readonly mode: SeatMode;
  readonly link: LinkState;
  /** Monotonic milliseconds when the link left `up`. */
  readonly linkSince: number;
  /** The agent's last word; null whenever the link is not up. */
  readonly view: SeatView | null;
  /** A lock that is drawn before the agent's word: asked for, or said to be done while the view of it is to come. */
  readonly predicted: 'asked' | 'taken' | null;
  /** Started from the launcher and not yet running: comes to the front when it runs. */
  readonly wanted: string | null;
  readonly front: string | null;
  /** The session that `front` belongs to. */
  readonly sessionId: string | null;
  /** Web apps of this session that can't be seen, by id. */
  readonly troubles: ReadonlyMap<string, WebTrouble>;
  readonly choice: DisplayState;
  /** What `choice` shows; the very same object while that is the same. */
  readonly display: DisplaySettings;
}

export type SeatChange =
  | { readonly kind: 'link'; readonly link: LinkState; readonly at: number }
  | { readonly kind: 'view'; readonly view: SeatView }
  | { readonly kind: 'predictLock' }
  | { readonly kind: 'lockAnswered'; readonly taken: boolean }
  | { readonly kind: 'launched'; readonly appId: string }
  | { readonly kind: 'show'; readonly appId: string | null }
  | { readonly kind: 'trouble'; readonly appId: string; readonly trouble: WebTrouble | null }
  | { readonly kind: 'display'; readonly display: DisplaySettings };

export function initialState(mode: SeatMode, display: DisplaySettings, now: number): SeatState {
  return {
    mode,
    link: 'connecting',
    linkSince: now,
    view: null,
    predicted: null,
    wanted: null,
    front: null,
    sessionId: null,
    troubles: new Map(),
    choice: initialDisplay(mode, display),
    display,
  };
}

/** Whether a session's work may be seen: the one question that decides over every window. */
export function isOpen(state: SeatState): boolean {
  const { view } = state;
  return state.link === 'up' && state.predicted === null && view !== null && view.session !== null && isOpenPhase(view);
}

/** The app whose window is to be seen now; null whenever the seat is not open, and where the seat's own page tells why it can't be. */
export function visibleApp(state: SeatState): { readonly id: string; readonly kind: 'native' | 'web' } | null {
  const app = frontApp(state);
  return app === null || state.troubles.has(app.id) ? null : app;
}

function frontApp(state: SeatState): { readonly id: string; readonly kind: 'native' | 'web' } | null {
  // Covered work is hidden like locked work, so that nothing is typed into it unseen; it is in front again with the first input.
  if (!isOpen(state) || state.front === null || state.view?.blurred === true) return null;
  const app = state.view?.apps.find(({ id }) => id === state.front);
  return app === undefined || app.state !== 'running' ? null : { id: app.id, kind: app.kind };
}

export function step(state: SeatState, change: SeatChange): SeatState {
  switch (change.kind) {
    case 'link':
      if (change.link === state.link) return state;
      return change.link === 'up'
        ? { ...state, link: 'up' }
        : {
            ...state,
            link: change.link,
            linkSince: state.link === 'up' ? change.at : state.linkSince,
            view: null,
            predicted: null,
            wanted: null,
          };
    case 'view':
      return withView(state, change.view);
    case 'predictLock':
      return isOpen(state) ? { ...state, predicted: 'asked' } : state;
    case 'lockAnswered':
      // Not taken: the agent says that nothing is to be locked, so its own view counts again.
      return state.predicted === null ? state : { ...state, predicted: change.taken ? 'taken' : null };
    case 'launched':
      return front({ ...state, wanted: change.appId });
    case 'show':
      return { ...state, wanted: null, front: runs(state.view, change.appId) ? change.appId : null };
    case 'trouble':
      return { ...state, troubles: withTrouble(state, change.appId, change.trouble) };
    case 'display':
      return withDisplay(state, change.display);
  }
}

/** What goes to the renderer. */
export function pictureOf(state: SeatState, serial: number, now: number): Picture {
  const front = frontApp(state)?.id ?? null;
  return {
    serial,
    mode: state.mode,
    link: state.link,
    linkForMs: state.link === 'up' ? 0 : Math.max(0, Math.round(now - state.linkSince)),
    view: state.view,
    lockPredicted: state.predicted !== null,
    front,
    trouble: front === null ? null : (state.troubles.get(front) ?? null),
    display: state.display,
  };
}

function withView(state: SeatState, view: SeatView): SeatState {
  if (state.link !== 'up') return state;
  const sessionId = view.session?.id ?? (view.kept === null ? null : state.sessionId);
  const same = sessionId !== null && sessionId === state.sessionId;
  // An open view may have been on its way when the lock was asked for: it ends nothing before the agent has answered.
  const isOver = state.predicted === 'taken' || !isOpenPhase(view);
  const choice = heard(state.choice, { offered: view.looks?.languages ?? null, sessionId, isOpen: view.session !== null });
  return front({
    ...state,
    view,
    sessionId,
    choice,
    display: displayOf(state, choice),
    predicted: isOver ? null : state.predicted,
    front: same ? state.front : null,
    wanted: same ? state.wanted : null,
    // A closed app takes its trouble with it; one that is starting may have failed before the agent says that it runs.
    troubles: new Map([...state.troubles].filter(([appId]) => same && (runs(view, appId) || starts(view, appId)))),
  });
}

function withDisplay(state: SeatState, wanted: DisplaySettings): SeatState {
  const choice = choose(state.choice, wanted, isOpen(state) ? state.sessionId : null);
  return { ...state, choice, display: displayOf(state, choice) };
}

/** The very same settings while nothing of them changes, so that whoever compares them sees no change. */
function displayOf({ display }: SeatState, choice: DisplayState): DisplaySettings {
  const next = shown(choice);
  const isSame = next.locale === display.locale && next.theme === display.theme && next.textPercent === display.textPercent;
  return isSame ? display : next;
}

/** Brings what was started to the front once it runs, and goes back to the launcher when the app in front has ended. */
function front(state: SeatState): SeatState {
  if (state.wanted !== null && runs(state.view, state.wanted)) return { ...state, front: state.wanted, wanted: null };
  const ended = state.front !== null && state.view !== null && isOpenPhase(state.view) && !runs(state.view, state.front);
  return ended ? { ...state, front: null } : state;
}

function withTrouble({ troubles }: SeatState, appId: string, trouble: WebTrouble | null): SeatState['troubles'] {
  const others = [...troubles].filter(([id]) => id !== appId);
  return new Map(trouble === null ? others : [...others, [appId, trouble]]);
}

function runs(view: SeatView | null, appId: string | null): boolean {
  return appId !== null && view?.apps.some(({ id, state }) => id === appId && state === 'running') === true;
}

function starts(view: SeatView, appId: string): boolean {
  return view.apps.some(({ id, state }) => id === appId && state === 'starting');
}

function isOpenPhase(view: SeatView): boolean {
  return view.phase === 'open' || view.phase === 'warning';
}
