/**
 * Feels the page's pulse. A page that hangs can neither show a lock nor take a PIN, so it counts as dead: the kiosk ends,
 * the agent locks, and the service manager starts a new one.
 */
import type { WebContents } from 'electron';

const PULSE_INTERVAL_MS = 2_000;
/** A page that does not answer for this long is a lost one; long enough for a machine that is only busy. */
export const PULSE_LIMIT_MS = 6_000;

/** @returns a function that stops watching */
export function watchPulse(page: WebContents, onLost: () => void): () => void {
  let limit: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (limit !== undefined || page.isDestroyed()) return;
    const mine = setTimeout(onLost, PULSE_LIMIT_MS);
    limit = mine;
    const answered = (): void => {
      clearTimeout(mine);
      limit = undefined;
    };
    // An answer of any kind is a living page; one that is just loading answers when it has loaded.
    page.executeJavaScript('1').then(answered, answered);
  }, PULSE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    clearTimeout(limit);
  };
}
