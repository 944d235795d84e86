/**
 * When background work runs: on the one process that has the duty, after own and other nodes' entries. It owns no work itself.
 */
import type { LogName } from './services/logs.ts';
import type { Reader } from './services/reader.ts';
import type { Duty, Store } from './store/store.ts';

export interface Indexing {
  held(): boolean;
  /** Brings the index up to date with a log that entries came for, in the background. */
  read(log: LogName): void;
  /** Ends the duty when what it began is done. */
  close(): Promise<void>;
}

/** Whoever has the reader's key applies; the one that has the duty reads, and another takes over when it is gone. */
export function openIndexing(store: Store, reader: Reader, onFault: (fault: unknown) => void): Indexing {
  const readAll = (): void => void reader.catchUp().catch(onFault);
  const duty = store.duty('index', readAll);
  // Another process says that there is more, and not of which log.
  const stop = store.watch('stored', () => {
    if (duty.held()) readAll();
  });
  return {
    held: () => duty.held(),
    read: (log) => void reader.catchUpWith(log).catch(onFault),
    close: async () => {
      stop();
      if (duty.held()) await reader.catchUp().catch(onFault);
      duty.close();
    },
  };
}

/** Applies for a duty when it is first asked about: a short visit of the command line never asks. */
export function heldWhenAsked(apply: () => Duty): () => boolean {
  let duty: Duty | null = null;
  return () => {
    duty ??= apply();
    return duty.held();
  };
}

export interface Announcing {
  /** Tells other processes at the end of the interval; calls that come meanwhile become one. */
  soon(): void;
  /** Nothing begins after it, and what began has ended: the database may be closed then. */
  close(): Promise<void>;
}

export function openAnnouncing(milliseconds: number, announce: () => Promise<void>, onFault: (fault: unknown) => void): Announcing {
  let timer: NodeJS.Timeout | undefined;
  let inHand: Promise<unknown> = Promise.resolve();
  let closed = false;
  const run = (): void => {
    timer = undefined;
    const announced = announce().catch(onFault);
    inHand = inHand.then(() => announced);
  };
  return {
    soon: () => {
      if (!closed) timer ??= setTimeout(run, milliseconds).unref();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}
