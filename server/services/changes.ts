/**
 * Tells waiting seats that something is new, whichever process changed it: this one, another node or the command line.
 * It owns counters and waiters only; what is new is read from the database by whoever wakes.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** `seats`: a seat was revoked, moved or enrolled. */
export type Topic = 'policy' | 'directory' | 'seats';

export interface Changes {
  /** Adds one to the topic's counter, inside the caller's transaction, and answers the new value; other nodes hear of it after the commit. */
  bump(db: Kysely<Tables>, topic: Topic): Promise<number>;
  generation(topic: Topic): Promise<number>;
  /** Wakes local waiters; call after the commit. */
  wake(): void;
  /** Resolves at the next change, after `milliseconds`, or when `signal` aborts. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

type ChangesStore = Pick<Store, 'db' | 'watch' | 'announce'>;

export function openChanges(store: ChangesStore, onFault: (fault: unknown) => void): Changes {
  const waiters = new Set<() => void>();
  const wake = (): void => {
    for (const release of [...waiters]) release();
  };
  const elsewhere = watchElsewhere(store, wake, onFault);
  return {
    bump: async (transaction, topic) => {
      await transaction
        .insertInto('generations')
        .values({ topic, generation: 1 })
        .onConflict((c) => c.column('topic').doUpdateSet((eb) => ({ generation: eb('generations.generation', '+', 1) })))
        .execute();
      const row = await transaction.selectFrom('generations').select('generation').where('topic', '=', topic).executeTakeFirstOrThrow();
      await store.announce(transaction, 'changes');
      return Number(row.generation);
    },
    generation: async (topic) => {
      const row = await store.db.selectFrom('generations').select('generation').where('topic', '=', topic).executeTakeFirst();
      return Number(row?.generation ?? 0);
    },
    wake,
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
        // A process in which nobody waits, as the command line's, does not listen.
        elsewhere.start();
        const release = (): void => {
          clearTimeout(limit);
          waiters.delete(release);
          signal.removeEventListener('abort', release);
          resolve();
        };
        const limit = setTimeout(release, milliseconds);
        waiters.add(release);
        signal.addEventListener('abort', release);
        if (signal.aborted) release();
      }),
    close: () => {
      elsewhere.close();
      wake();
    },
  };
}

/**
 * Wakes when a generation moved since it was last read. A signal only makes it read: one that was lost is made good by the
 * next, and commits that change no generation (entries, the index) wake nobody.
 */
function watchElsewhere(store: ChangesStore, wake: () => void, onFault: (fault: unknown) => void): { start(): void; close(): void } {
  const state: { seen: string | null; reading: boolean; again: boolean; closed: boolean } = {
    seen: null,
    reading: false,
    again: false,
    closed: false,
  };
  let stop: (() => void) | null = null;
  const read = async (): Promise<void> => {
    const rows = await store.db.selectFrom('generations').selectAll().orderBy('topic').execute();
    const found = rows.map(({ topic, generation }) => `${topic}:${generation}`).join();
    // Who began to wait before the first reading may have read older data than it saw.
    if (found !== state.seen) wake();
    state.seen = found;
  };
  const look = async (): Promise<void> => {
    state.again = true;
    if (state.reading) return;
    state.reading = true;
    try {
      while (state.again && !state.closed) {
        state.again = false;
        await read();
      }
    } finally {
      state.reading = false;
    }
  };
  const heard = (): void => void look().catch(onFault);
  return {
    start: () => {
      if (stop !== null || state.closed) return;
      stop = store.watch('changes', heard);
      heard();
    },
    close: () => {
      state.closed = true;
      stop?.();
    },
  };
}
