/**
 * When each seat was last heard of: kept in memory and written in one statement at intervals, because a durable write for
 * every poll of every seat would be most of the server's work. A crash loses at most one interval of freshness. Another
 * node may have heard of the same seat later: the newest time stays.
 */
import { type Kysely, sql } from 'kysely';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';

const FLUSH_MS = 15_000;
/** Seats written in one statement. */
const CHUNK = 2000;

export interface Presence {
  seen(workstationId: string, at: number): void;
  /** What this node has heard and not yet written; the database knows the rest. */
  lastSeen(workstationId: string): number | null;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function openPresence(db: Kysely<Tables>, onFault: (fault: unknown) => void): Presence {
  let heard = new Map<string, number>();
  let writing = new Map<string, number>();
  const seen = (workstationId: string, at: number): void => {
    heard.set(workstationId, Math.max(at, heard.get(workstationId) ?? 0));
  };
  let running: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    writing = heard;
    heard = new Map();
    // In one order on every node, so that two nodes that write the same seats wait for each other and do not deadlock.
    const rows = [...writing].sort(([a], [b]) => (a < b ? -1 : 1));
    try {
      for (let from = 0; from < rows.length; from += CHUNK) {
        await db.transaction().execute((transaction) => writeSeen(transaction, rows.slice(from, from + CHUNK)));
      }
    } catch (fault) {
      for (const [workstationId, at] of rows) seen(workstationId, at);
      throw fault;
    } finally {
      writing = new Map();
    }
  };
  const flush = (): Promise<void> => {
    running = running.catch(() => undefined).then(write);
    return running;
  };
  const timer = setInterval(() => void flush().catch(onFault), FLUSH_MS);
  timer.unref();
  return {
    seen,
    lastSeen: (workstationId) => heard.get(workstationId) ?? writing.get(workstationId) ?? null,
    flush,
    close: async () => {
      clearInterval(timer);
      await flush().catch(onFault);
    },
  };
}

async function writeSeen(db: Kysely<Tables>, rows: readonly (readonly [string, number])[]): Promise<void> {
  const newer =
    engineOf(db) === 'postgres'
      ? sql`(select * from unnest(${rows.map(([id]) => id)}::text[], ${rows.map(([, at]) => at)}::bigint[]) as v(workstation_id, at))`
      : sql`(select value ->> 0 as workstation_id, value ->> 1 as at from json_each(${JSON.stringify(rows)}))`;
  await sql`update seats set last_seen_at = newer.at from ${newer} as newer
    where seats.workstation_id = newer.workstation_id and (last_seen_at is null or last_seen_at < newer.at)`.execute(db);
}
