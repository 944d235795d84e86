/**
 * Tells waiting seats that something is new, whichever process changed it: this one, another node or the command line.
 * It owns counters and waiters only; what is new is read from the database by whoever wakes.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { EVERYBODY, movedSince, raise, type Scope, type SeatPlace } from './scopes.ts';
import { openWaiters, type Waiters, type Woken } from './waiters.ts';

/** `seats`: a seat was revoked. `calls`: single seats have something to ask; only those are woken. */
export type Topic = 'policy' | 'directory' | 'seats' | 'calls';

export interface Changes {
  /** Adds one to the topic's counter, inside the caller's transaction, and answers the new value; other nodes hear of it after the commit. */
  bump(db: Kysely<Tables>, topic: Exclude<Topic, 'directory'>): Promise<number>;
  /** A new version of the staff for these scopes alone, in the caller's transaction; answers it. Nobody's is no new version. */
  staffMoved(db: Kysely<Tables>, scopes: ReadonlySet<Scope>): Promise<number>;
  generation(topic: Topic): Promise<number>;
  /** Looks what changed, and wakes whom it concerns; call after the commit. */
  wake(): void;
  /** Wakes all that wait. */
  wakeAll(): void;
  /** Resolves at a change that concerns this seat, after `milliseconds`, when `signal` aborts, or when the seat is called. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal, seat?: SeatPlace): Promise<Woken>;
  /** Wakes one seat if it waits here; call after the commit. */
  call(seat: string): void;
  /** Wakes all that wait; what is being read has been read when it resolves, so that the database may be closed. */
  close(): Promise<void>;
}

type ChangesStore = Pick<Store, 'db' | 'watch' | 'announce'>;

export function openChanges(store: ChangesStore, onFault: (fault: unknown) => void): Changes {
  const waiters = openWaiters();
  const watching = watch(store, waiters, onFault);
  const wakeAll = (): void => waiters.wake([EVERYBODY]);
  const add = async (transaction: Kysely<Tables>, topic: Topic): Promise<number> => {
    await transaction
      .insertInto('generations')
      .values({ topic, generation: 1 })
      .onConflict((c) => c.column('topic').doUpdateSet((eb) => ({ generation: eb('generations.generation', '+', 1) })))
      .execute();
    const generation = await generationOf(transaction, topic);
    await store.announce(transaction, 'changes');
    return generation;
  };
  return {
    bump: add,
    staffMoved: async (transaction, scopes) => {
      if (scopes.size === 0) return generationOf(transaction, 'directory');
      // The counter's row is locked until the commit: versions are committed in their order, and none is skipped by who reads meanwhile.
      const version = await add(transaction, 'directory');
      await raise(transaction, 'directory', scopes, version);
      return version;
    },
    generation: (topic) => generationOf(store.db, topic),
    wake: watching.look,
    wakeAll,
    call: waiters.call,
    wait: (milliseconds, signal, seat) => {
      // A process in which nobody waits, as the command line's, does not listen.
      watching.start();
      return waiters.wait(milliseconds, signal, seat);
    },
    close: () => {
      const read = watching.close();
      wakeAll();
      return read;
    },
  };
}

async function generationOf(db: Kysely<Tables>, topic: Topic): Promise<number> {
  const row = await db.selectFrom('generations').select('generation').where('topic', '=', topic).executeTakeFirst();
  return Number(row?.generation ?? 0);
}

type Seen = Readonly<Record<Topic, number>>;

/**
 * Wakes when a generation moved since it was last read. A signal only makes it read: one that was lost is made good by the
 * next, and commits that change no generation (entries, the index) wake nobody.
 */
function watch(store: ChangesStore, waiters: Waiters, onFault: (fault: unknown) => void) {
  const state: { seen: Seen | null; reading: boolean; again: boolean; closed: boolean } = {
    seen: null,
    reading: false,
    again: false,
    closed: false,
  };
  let stop: (() => void) | null = null;
  const read = async (): Promise<void> => {
    const rows = await store.db.selectFrom('generations').selectAll().execute();
    const numberOf = (topic: Topic): number => Number(rows.find((row) => row.topic === topic)?.generation ?? 0);
    const found: Seen = {
      policy: numberOf('policy'),
      directory: numberOf('directory'),
      seats: numberOf('seats'),
      calls: numberOf('calls'),
    };
    const before = state.seen;
    // A person who changes seats, or a seat that is revoked, concerns one or two of thousands: only those look.
    if (before !== null && found.calls !== before.calls) for (const seat of await called(store)) waiters.call(seat);
    if (before !== null && found.seats !== before.seats) for (const seat of await revoked(store)) waiters.call(seat);
    waiters.wake(await concerned(store, before, found));
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
    } catch (fault) {
      // What was not read may concern anybody: the next reading wakes all.
      state.seen = null;
      throw fault;
    } finally {
      state.reading = false;
    }
  };
  let looking: Promise<unknown> = Promise.resolve();
  const heard = (): void => {
    if (stop === null || state.closed) return;
    const looked = look().catch(onFault);
    looking = looking.then(() => looked);
  };
  return {
    start: () => {
      if (stop !== null || state.closed) return;
      stop = store.watch('changes', heard);
      heard();
    },
    look: heard,
    close: async () => {
      state.closed = true;
      stop?.();
      await looking;
    },
  };
}

/** Whom the step from one reading to the next concerns. */
async function concerned(store: ChangesStore, before: Seen | null, found: Seen): Promise<Iterable<Scope>> {
  // Who began to wait before the first reading may have read older data than it saw.
  if (before === null || found.policy !== before.policy) return [EVERYBODY];
  if (found.directory === before.directory) return [];
  // The database itself went back: numbers say nothing about what is new.
  if (found.directory < before.directory) return [EVERYBODY];
  return movedSince(store.db, before.directory);
}

async function called(store: ChangesStore): Promise<string[]> {
  return (await store.db.selectFrom('seat_calls').select('workstation_id').execute()).map((row) => row.workstation_id);
}

/** Of all times: they are few, and for those that wait no more nothing happens. */
async function revoked(store: ChangesStore): Promise<string[]> {
  const rows = await store.db.selectFrom('seats').select('workstation_id').where('revoked_at', 'is not', null).execute();
  return rows.map((row) => row.workstation_id);
}
