/**
 * The seat's own window: lock, launcher, session bar. It lies above everything, and is cut along the session bar while
 * an app is in front. What it leaves open of any display gets an opaque cover. It must never be closed by a person in a locked seat.
 */
import { BaseWindow, BrowserWindow, screen } from 'electron';
import type { SeatMode } from '../../contract/bridge.ts';
import { type Cover, coverShape, leftOpen, type Rect, SESSION_BAR_HEIGHT, type Size } from '../../core/view/frame.ts';
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
  let covers: readonly BaseWindow[] = [];
  let covered = '[]';
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
  const coverRest = (): void => {
    const own = window.getBounds();
    const open = screen.getAllDisplays().flatMap(({ bounds }) => leftOpen(bounds, own));
    const next = JSON.stringify(open);
    if (next === covered) return;
    covered = next;
    const former = covers;
    covers = open.map(openCover);
    for (const old of former) if (!old.isDestroyed()) old.destroy();
  };

  window.on('resize', cut);
  // Where displays lie over each other, the window manager chooses which of them it fills.
  if (locked) {
    window.on('resize', coverRest);
    window.on('move', coverRest);
  }
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
      window.setBounds(screen.getPrimaryDisplay().bounds);
      coverRest();
      cut();
    },
  };
}

function openCover(bounds: Rect): BaseWindow {
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
