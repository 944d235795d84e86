/**
 * Tells waiting seats that something is new, whichever process changed it: this one, another node or the command line.
 * It owns counters and waiters only; what is new is read from the database by whoever wakes.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** `seats`: a seat was revoked, moved or enrolled. `calls`: single seats have something to ask; only those are woken. */
export type Topic = 'policy' | 'directory' | 'seats' | 'calls';

export interface Changes {
  /** Adds one to the topic's counter, inside the caller's transaction, and answers the new value; other nodes hear of it after the commit. */
  bump(db: Kysely<Tables>, topic: Topic): Promise<number>;
  generation(topic: Topic): Promise<number>;
  /** Wakes local waiters; call after the commit. */
  wake(): void;
  /** Resolves at the next change, after `milliseconds`, when `signal` aborts, or when this seat is called. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal, seat?: string): Promise<void>;
  /** Wakes one seat if it waits here; call after the commit. */
  call(seat: string): void;
  /** Wakes all that wait; what is being read has been read when it resolves, so that the database may be closed. */
  close(): Promise<void>;
}

type ChangesStore = Pick<Store, 'db' | 'watch' | 'announce'>;

export function openChanges(store: ChangesStore, onFault: (fault: unknown) => void): Changes {
  const waiters = new Set<() => void>();
  const wake = (): void => {
    for (const release of [...waiters]) release();
  };
  const bySeat = new Map<string, Set<() => void>>();
  const call = (seat: string): void => {
    for (const release of [...(bySeat.get(seat) ?? [])]) release();
  };
  const elsewhere = watchElsewhere(store, { wake, call }, onFault);
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
    call,
    wait: (milliseconds, signal, seat) =>
      new Promise((resolve) => {
        // A process in which nobody waits, as the command line's, does not listen.
        elsewhere.start();
        const release = (): void => {
          clearTimeout(limit);
          waiters.delete(release);
          if (seat !== undefined) leave(bySeat, seat, release);
          signal.removeEventListener('abort', release);
          resolve();
        };
        const limit = setTimeout(release, milliseconds);
        waiters.add(release);
        if (seat !== undefined) bySeat.set(seat, (bySeat.get(seat) ?? new Set()).add(release));
        signal.addEventListener('abort', release);
        if (signal.aborted) release();
      }),
    close: () => {
      const read = elsewhere.close();
      wake();
      return read;
    },
  };
}

function leave(bySeat: Map<string, Set<() => void>>, seat: string, release: () => void): void {
  const those = bySeat.get(seat);
  those?.delete(release);
  if (those?.size === 0) bySeat.delete(seat);
}

const called = (store: ChangesStore) => store.db.selectFrom('seat_calls').select('workstation_id').execute();

/**
 * Wakes when a generation moved since it was last read. A signal only makes it read: one that was lost is made good by the
 * next, and commits that change no generation (entries, the index) wake nobody.
 */
function watchElsewhere(
  store: ChangesStore,
  { wake, call }: Pick<Changes, 'wake' | 'call'>,
  onFault: (fault: unknown) => void,
): { start(): void; close(): Promise<void> } {
  const state: { seen: string | null; calls: number; reading: boolean; again: boolean; closed: boolean } = {
    seen: null,
    calls: 0,
    reading: false,
    again: false,
    closed: false,
  };
  let stop: (() => void) | null = null;
  const read = async (): Promise<void> => {
    const rows = await store.db.selectFrom('generations').selectAll().orderBy('topic').execute();
    const calls = Number(rows.find(({ topic }) => topic === 'calls')?.generation ?? 0);
    const found = rows
      .filter(({ topic }) => topic !== 'calls')
      .map(({ topic, generation }) => `${topic}:${generation}`)
      .join();
    // A person who changes seats concerns two of thousands: only those look.
    if (calls !== state.calls) for (const { workstation_id } of await called(store)) call(workstation_id);
    state.calls = calls;
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
  let looking: Promise<unknown> = Promise.resolve();
  const heard = (): void => {
    const looked = look().catch(onFault);
    looking = looking.then(() => looked);
  };
  return {
    start: () => {
      if (stop !== null || state.closed) return;
      stop = store.watch('changes', heard);
      heard();
    },
    close: async () => {
      state.closed = true;
      stop?.();
      await looking;
    },
  };
}
