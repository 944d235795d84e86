/**
 * Waits for a painted frame in a page of Electron, the same way for the product and for its baseline, so that what the
 * driver itself costs is in both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';

/** How long a frame may take before the run counts as broken. */
const PAINT_LIMIT_MS = 15_000;
const RETRY_MS = 20;

/** What else must stand on the screen, where its name alone says too little. */
export interface Sign {
  readonly selector: string;
  readonly text: string;
}

/**
 * Milliseconds from before `act` until the page shows that screen and has painted it.
 * @param act answers whether the seat took it; a seat that still ends the former session takes no badge, and is asked again
 */
export async function timeToPaint(page: Page, screen: string, act: () => Promise<boolean>, sign: Sign | null = null): Promise<number> {
  // The watch is in place before the clock starts; its answer is the paint.
  const painted = page.evaluate(
    ({ wanted, limit, also }) =>
      new Promise<void>((resolve, reject) => {
        const root = document.documentElement;
        const late = setTimeout(
          () => reject(new Error(`"${wanted}" was not painted; the page shows "${root.dataset['screen'] ?? ''}"`)),
          limit,
        );
        const look = (): void => {
          if (root.dataset['screen'] !== wanted) return;
          if (also !== null && document.querySelector(also.selector)?.textContent !== also.text) return;
          watch.disconnect();
          clearTimeout(late);
          // The first callback runs before the frame that holds the change, the second after it was handed over.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
        };
        const watch = new MutationObserver(look);
        const inside = also === null ? {} : { subtree: true, childList: true, characterData: true };
        watch.observe(root, { attributes: true, attributeFilter: ['data-screen'], ...inside });
        look();
      }),
    { wanted: screen, limit: PAINT_LIMIT_MS, also: sign },
  );
  let started = performance.now();
  while (!(await act())) {
    await sleep(RETRY_MS);
    started = performance.now();
  }
  await painted;
  return performance.now() - started;
}
