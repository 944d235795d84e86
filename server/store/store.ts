/**
 * What the services know of a database, whichever engine it is: tables, signals from other processes, duties that one
 * process at a time holds.
 */
import type { Kysely } from 'kysely';
import type { Engine, Statement } from './engine.ts';
import type { Tables } from './schema.ts';

/** `changes`: a generation moved. `stored`: entries came in somewhere. */
export type Channel = 'changes' | 'stored';
/** Background work that one process at a time does: `silence` raises alarms about seats, `index` builds the index. */
export type DutyName = 'silence' | 'index';

export interface Duty {
  /** False where another process has it, and as soon as this process cannot prove that it still has it. */
  held(): boolean;
  /** Gives it up, so that another process can take it. */
  close(): void;
}

export interface Store {
  readonly engine: Engine;
  /** Where the data lies, for people: never with a password. */
  readonly address: string;
  readonly db: Kysely<Tables>;
  /**
   * Calls `hear` soon after another process announced something on this channel, and whenever announcements may have been
   * missed (a lost connection, a silent minute): read what you know against the database then. Answers how to stop.
   */
  watch(channel: Channel, hear: () => void): () => void;
  /** Tells other processes; inside a transaction they hear it after the commit, and never if it rolls back. */
  announce(db: Kysely<Tables>, channel: Channel): Promise<void>;
  /** Applies for a duty now and until it is closed; `onGained` is called each time that it is won. */
  duty(name: DutyName, onGained?: () => void): Duty;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Leaves the tables as they are, whatever build made them: for a backup before an update. */
  readonly asItIs?: boolean;
  /** Told of everything that failed in the background and is tried again. */
  readonly onFault?: (fault: unknown) => void;
  /** Told of every statement, for tests that judge them. */
  readonly onStatement?: (statement: Statement) => void;
}
