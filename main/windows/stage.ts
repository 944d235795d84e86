/**
 * Puts the state of the seat onto the screen: which window is seen, and how much of the seat lies over it. Locking goes
 * first and needs nobody's answer: opaque pixels, then hidden app windows, then the page is told.
 */
import { type SeatState, visibleApp } from '../picture.ts';
import type { WebApps } from '../web/web-apps.ts';
import type { AppWindow } from './apps.ts';
import { createRest } from './rest.ts';
import type { SeatWindow } from './seat.ts';

/** How often the warning ring closes a little, in milliseconds. */
const RING_STEP_MS = 250;

export interface StageParts {
  readonly seat: SeatWindow;
  readonly native: AppWindow;
  readonly web: AppWindow;
  readonly webApps: WebApps;
}

export interface Stage {
  apply(state: SeatState): void;
  /** Gives the keyboard to the session bar, or from there back to the app in front, and says whose it is now; null without such an app. */
  turnKeyboard(state: SeatState): 'bar' | 'app' | null;
}

export function createStage({ seat, native, web, webApps }: StageParts): Stage {
  let shown = 'none';
  let ring: NodeJS.Timeout | undefined;
  let warningEndsAt = 0;
  let asking = false;
  let warningGeneration = -1;
  const rest = createRest(seat.window.webContents);

  const hideApps = (): void => {
    seat.cover({ kind: 'full' });
    native.hide();
    web.hide();
    webApps.show(null, { width: 0, height: 0 });
    if (shown !== 'none') seat.window.focus();
    shown = 'none';
  };
  const front = (kind: 'native' | 'web'): void => {
    const { window } = kind === 'native' ? native : web;
    window.moveTop();
    seat.window.moveTop();
    window.focus();
  };
  const closeRing = (state: SeatState): void => {
    const { textPercent } = state.display;
    const warning = state.view?.phase === 'warning' ? state.view.warning : null;
    if (warning === null || warning === undefined) {
      clearInterval(ring);
      ring = undefined;
      const framed = state.view?.session?.kind === 'breakglass';
      const isAsking = state.view?.question != null;
      if (isAsking && !asking) seat.window.moveTop();
      asking = isAsking;
      seat.cover(isAsking ? { kind: 'card', framed, textPercent } : { kind: 'bar', framed });
      return;
    }
    if (state.view?.generation !== warningGeneration) {
      warningGeneration = state.view?.generation ?? -1;
      warningEndsAt = performance.now() + warning.remainingMs;
      // A window manager may have raised the app; the question must be seen.
      seat.window.moveTop();
    }
    const draw = (): void => {
      const left = Math.max(0, warningEndsAt - performance.now()) / Math.max(1, warning.totalMs);
      seat.cover({ kind: 'warning', left, textPercent });
    };
    draw();
    clearInterval(ring);
    ring = setInterval(draw, RING_STEP_MS);
  };

  return {
    turnKeyboard(state) {
      const app = visibleApp(state);
      if (app === null) return null;
      const toBar = !seat.window.isFocused();
      if (toBar) seat.window.focus();
      else front(app.kind);
      return toBar ? 'bar' : 'app';
    },
    apply(state) {
      rest.locked(state.view?.phase === 'locked');
      const app = visibleApp(state);
      if (app === null) {
        clearInterval(ring);
        ring = undefined;
        hideApps();
        return;
      }
      const area = seat.appArea();
      if (app.kind === 'native') {
        web.hide();
        native.show(area);
      } else {
        native.hide();
        webApps.show(app.id, area);
        web.show(area);
      }
      if (shown !== app.id) {
        shown = app.id;
        front(app.kind);
      }
      closeRing(state);
    },
  };
}
