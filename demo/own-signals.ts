/**
 * Ctrl+C and the like are the clinic's to answer: it closes in order, and takes its users and mounts with it. Playwright would end the
 * whole process as soon as its browser is gone. It owns no answer itself but how to be asked.
 */

const ASKING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const isAsking = (event: string | symbol): event is (typeof ASKING)[number] => ASKING.some((signal) => signal === event);

type Listener = Parameters<typeof process.off>[1];

export interface Asked {
  readonly now: () => boolean;
  /** Resolves at the first time. */
  readonly stop: Promise<void>;
}

/** From now on, also while the clinic opens and closes: whoever presses the keys twice is not left with half of it. */
export function askedToStop(): Asked {
  let asked = false;
  const stop = new Promise<void>((resolve) => {
    for (const signal of ASKING) {
      process.on(signal, () => {
        asked = true;
        resolve();
      });
    }
  });
  return { now: () => asked, stop };
}

/** Runs what starts a browser, and lets nobody else answer signals meanwhile or later. */
export async function withOwnSignals<T>(work: () => Promise<T>): Promise<T> {
  const refuse = (event: string | symbol, listener: Listener): void => {
    // It is added right after this.
    if (isAsking(String(event))) queueMicrotask(() => process.off(event, listener));
  };
  process.on('newListener', refuse);
  try {
    return await work();
  } finally {
    process.off('newListener', refuse);
  }
}
