/**
 * Feels the page's pulse. A page that hangs, or shows nothing, can neither show a lock nor take a PIN, so it counts as dead: the kiosk ends,
 * the agent locks, and the service manager starts a new one.
 */
import type { WebContents } from 'electron';

const PULSE_INTERVAL_MS = 2_000;
/** A page that does not answer for this long is a lost one; long enough for a machine that is only busy. */
export const PULSE_LIMIT_MS = 6_000;

/** Whether anything of the seat is drawn: a defect in one screen takes all of them off a page that lives on, and nobody could get in. */
const PULSE = "document.getElementById('seat')?.childElementCount > 0";

/** @returns a function that stops watching */
export function watchPulse(page: WebContents, onLost: () => void): () => void {
  let limit: NodeJS.Timeout | undefined;
  const alive = (): void => {
    clearTimeout(limit);
    limit = undefined;
  };
  const timer = setInterval(() => {
    if (page.isDestroyed()) return;
    limit ??= setTimeout(onLost, PULSE_LIMIT_MS);
    // A page that is just loading answers when it has loaded, or not at all.
    page.executeJavaScript(PULSE).then((isDrawn: unknown) => (isDrawn === false ? undefined : alive()), alive);
  }, PULSE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    clearTimeout(limit);
  };
}
