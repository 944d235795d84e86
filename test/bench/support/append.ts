/**
 * Durable appends of the real store against bare durable inserts of the same bytes into the same kind of database, in turn,
 * so that a slow moment of a shared machine meets both.
 */
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { AuditEvent } from '../../../contract/events.ts';
import { storeKit } from '../../audit/store-kit.ts';

/** Bytes of an ordinary entry: header, padded ciphertext, tag. */
const ENTRY_BYTES = 416;
const WARM_UP = 100;
const MS = 1_000;

export interface AppendRates {
  /** Events per second, a value a round. */
  readonly appends: readonly number[];
  /** Bare inserts per second, a value a round. */
  readonly inserts: readonly number[];
}

/** Of class 1: a flood of a lower class is summarised with a count, which would measure nothing. */
const EVENT: AuditEvent = { type: 'session.locked', body: { session: '0123456789abcdef0123456789abcdef', reason: 'idle' } };

/** @param rounds pairs of runs @param perRound events in each */
export async function measureSingleAppends(rounds: number, perRound: number): Promise<AppendRates> {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    const bare = new BetterSqlite3(join(kit.dir, 'bare.db'));
    bare.pragma('journal_mode = WAL');
    bare.pragma('synchronous = FULL');
    bare.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
    const insert = bare.prepare('INSERT INTO entry (bytes) VALUES (?)');
    const bytes = Buffer.alloc(ENTRY_BYTES, 7);
    const append = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left -= 1) {
        const { seq } = await store.append(EVENT);
        if (seq === null) throw new Error('an event was summarised, not appended');
      }
    };
    const write = (count: number): void => {
      for (let left = count; left > 0; left -= 1) insert.run(bytes);
    };
    await append(WARM_UP);
    write(WARM_UP);
    const appends: number[] = [];
    const inserts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      let started = performance.now();
      write(perRound);
      inserts.push((perRound * MS) / (performance.now() - started));
      started = performance.now();
      await append(perRound);
      appends.push((perRound * MS) / (performance.now() - started));
    }
    bare.close();
    await store.close();
    return { appends, inserts };
  } finally {
    await kit.remove();
  }
}
