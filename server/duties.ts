/**
 * When background work runs: on the one process that has the duty, after own and other nodes' entries. It owns no work itself.
 */
import type { Reader } from './services/reader.ts';
import type { Duty, Store } from './store/store.ts';

export interface Indexing {
  held(): boolean;
  /** Brings the index up to date in the background. */
  read(): void;
  /** Ends the duty when what it began is done. */
  close(): Promise<void>;
}

/** Whoever has the reader's key applies; the one that has the duty reads, and another takes over when it is gone. */
export function openIndexing(store: Store, reader: Reader, onFault: (fault: unknown) => void): Indexing {
  const read = (): void => void reader.catchUp().catch(onFault);
  const duty = store.duty('index', read);
  const stop = store.watch('stored', () => {
    if (duty.held()) read();
  });
  return {
    held: () => duty.held(),
    read,
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

/** Calls that come meanwhile become one, at the end of the interval. */
export function atMostEvery(milliseconds: number, call: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      call();
    }, milliseconds).unref();
  };
}
