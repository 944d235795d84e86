/**
 * The windows below the session bar in which apps are seen: one whose native handle the agent hangs its nested display
 * into, one that holds web apps. Both are hidden, not covered, whenever the seat is not open.
 */
import { BaseWindow, type Rectangle, screen } from 'electron';

export interface AppWindow {
  readonly window: BaseWindow;
  show(area: Rectangle): void;
  hide(): void;
}

/** What there is to be seen of a window before anybody may see it: a point in the colour of the seat's ground. */
const UNSEEN = { width: 1, height: 1 } as const;

/** A frameless window that never takes part in anything but showing an app. */
export function openAppWindow(title: string, area: Rectangle): AppWindow {
  const window = new BaseWindow({
    ...area,
    ...UNSEEN,
    title,
    show: false,
    frame: false,
    closable: false,
    resizable: false,
    movable: false,
    minimizable: false,
    maximizable: false,
    fullscreenable: false,
    skipTaskbar: true,
    hasShadow: false,
    backgroundColor: '#0d1618',
  });
  // Chromium draws a window that was never shown, into buffers of its full size. It stops where one is hidden that was shown.
  window.showInactive();
  window.hide();
  window.setBounds(area);
  let shown = false;
  return {
    window,
    show(next) {
      const now = window.getBounds();
      if (now.x !== next.x || now.y !== next.y || now.width !== next.width || now.height !== next.height) window.setBounds(next);
      if (shown) return;
      shown = true;
      window.show();
      window.focus();
    },
    hide() {
      if (!shown) return;
      shown = false;
      window.hide();
    },
  };
}

/** What the agent needs to hang a nested display into a window; sizes in physical pixels. */
export function surfaceOf(window: BaseWindow, display: string): { display: string; windowId: number; width: number; height: number } {
  const bounds = window.getBounds();
  const { scaleFactor } = screen.getDisplayMatching(bounds);
  return {
    display,
    windowId: window.getNativeWindowHandle().readUInt32LE(0),
    width: Math.round(bounds.width * scaleFactor),
    height: Math.round(bounds.height * scaleFactor),
  };
}
