/**
 * The seat's own window: lock, launcher, session bar. It lies above everything, and is cut along the session bar while
 * an app is in front. Every other display gets an opaque cover. It must never be closed by a person in a locked seat.
 */
import { BaseWindow, BrowserWindow, type Display, screen } from 'electron';
import type { SeatMode } from '../../contract/bridge.ts';
import { type Cover, coverShape, SESSION_BAR_HEIGHT, type Size } from '../../core/view/frame.ts';
import { LOCKED_PREFERENCES } from '../guard/borders.ts';

/** The ground of the lock screen, drawn before the page is. Equals `--ground` of the dark theme. */
const OPAQUE = '#0d1618';
const PRACTICE_SIZE: Size = { width: 1280, height: 840 };

export interface SeatWindow {
  readonly window: BrowserWindow;
  /** What of the seat lies over the app in front; `full` is opaque everywhere. */
  cover(cover: Cover): void;
  /** Where apps are shown: below the session bar, on the same display, in screen coordinates. */
  appArea(): { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Fits the windows to the displays as they are now. */
  arrange(): void;
}

export function openSeatWindow(mode: SeatMode, partition: string, preload: string): SeatWindow {
  const locked = mode !== 'practice';
  const window = new BrowserWindow({
    title: 'Wardlock',
    backgroundColor: OPAQUE,
    show: false,
    autoHideMenuBar: true,
    ...(locked
      ? {
          ...screen.getPrimaryDisplay().bounds,
          frame: false,
          kiosk: true,
          fullscreen: true,
          skipTaskbar: true,
          minimizable: false,
          movable: false,
        }
      : { ...PRACTICE_SIZE, minWidth: 800, minHeight: 600 }),
    webPreferences: { ...LOCKED_PREFERENCES, partition, preload, backgroundThrottling: false },
  });
  window.removeMenu();
  if (locked) window.setAlwaysOnTop(true, 'screen-saver');

  let shape = '';
  let cover: Cover = { kind: 'full' };
  let covers: BaseWindow[] = [];
  const size = (): Size => {
    const { width, height } = window.getContentBounds();
    return { width, height };
  };
  const cut = (): void => {
    const rects = coverShape(size(), SESSION_BAR_HEIGHT, cover);
    const next = JSON.stringify(rects);
    if (next === shape) return;
    shape = next;
    // An empty list would make the window vanish: coverShape never gives one.
    window.setShape([...rects]);
  };
  const coverOthers = (): void => {
    const primary = screen.getPrimaryDisplay().id;
    const former = covers;
    covers = screen
      .getAllDisplays()
      .filter(({ id }) => id !== primary)
      .map(openCover);
    for (const old of former) if (!old.isDestroyed()) old.destroy();
  };

  window.on('resize', cut);
  return {
    window,
    cover(next) {
      cover = next;
      cut();
    },
    appArea() {
      const area = window.getContentBounds();
      return { x: area.x, y: area.y + SESSION_BAR_HEIGHT, width: area.width, height: Math.max(1, area.height - SESSION_BAR_HEIGHT) };
    },
    arrange() {
      if (!locked) return;
      coverOthers();
      window.setBounds(screen.getPrimaryDisplay().bounds);
      cut();
    },
  };
}

function openCover(display: Display): BaseWindow {
  const { bounds } = display;
  const cover = new BaseWindow({
    ...bounds,
    // Chromium makes a window of exactly a display's size one pixel smaller each way on X11, so that no window manager takes it
    // for a full screen; a line of the display would stay open. One row more is no such size.
    height: bounds.height + 1,
    title: 'Wardlock cover',
    backgroundColor: OPAQUE,
    frame: false,
    closable: false,
    focusable: false,
    skipTaskbar: true,
    movable: false,
    resizable: false,
    minimizable: false,
  });
  cover.setAlwaysOnTop(true, 'screen-saver');
  return cover;
}
