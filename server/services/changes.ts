/**
 * Tells waiting seats that something is new, whichever process changed it: this one, another node or the command line.
 * It owns counters and waiters only; what is new is read from the database by whoever wakes.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

export type Topic = 'policy' | 'directory';
const POLL_MS = 250;

export interface Changes {
  /** Adds one to the topic's counter in the database, inside the caller's transaction, and answers the new value. */
  bump(db: Kysely<Tables>, topic: Topic): Promise<number>;
  generation(topic: Topic): Promise<number>;
  /** Wakes local waiters; call after the commit. */
  wake(): void;
  /** Resolves at the next change, after `milliseconds`, or when `signal` aborts. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function openChanges(db: Kysely<Tables>, foreignChanges: () => number): Changes {
  const waiters = new Set<() => void>();
  let seen = foreignChanges();
  const wake = (): void => {
    for (const release of [...waiters]) release();
  };
  const timer = setInterval(() => {
    const now = foreignChanges();
    if (now === seen) return;
    seen = now;
    wake();
  }, POLL_MS);
  timer.unref();
  return {
    bump: async (transaction, topic) => {
      await transaction
        .insertInto('generations')
        .values({ topic, generation: 1 })
        .onConflict((c) => c.column('topic').doUpdateSet((eb) => ({ generation: eb('generations.generation', '+', 1) })))
        .execute();
      const row = await transaction.selectFrom('generations').select('generation').where('topic', '=', topic).executeTakeFirstOrThrow();
      return Number(row.generation);
    },
    generation: async (topic) => {
      const row = await db.selectFrom('generations').select('generation').where('topic', '=', topic).executeTakeFirst();
      return Number(row?.generation ?? 0);
    },
    wake,
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
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
      clearInterval(timer);
      wake();
    },
  };
}
