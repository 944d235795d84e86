/**
 * When each seat was last heard of: kept in memory and written in one transaction at intervals, because a durable write
 * for every poll of every seat would be most of the server's work. A crash loses at most one interval of freshness.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

const FLUSH_MS = 15_000;

export interface Presence {
  seen(workstationId: string, at: number): void;
  lastSeen(workstationId: string): number | null;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function openPresence(db: Kysely<Tables>, onFault: (fault: unknown) => void): Presence {
  const latest = new Map<string, number>();
  const dirty = new Set<string>();
  const flush = async (): Promise<void> => {
    const rows = [...dirty].map((id) => [id, latest.get(id) ?? 0] as const);
    dirty.clear();
    if (rows.length === 0) return;
    await db.transaction().execute(async (transaction) => {
      for (const [id, at] of rows) {
        await transaction.updateTable('seats').set({ last_seen_at: at }).where('workstation_id', '=', id).execute();
      }
    });
  };
  const timer = setInterval(() => void flush().catch(onFault), FLUSH_MS);
  timer.unref();
  return {
    seen: (workstationId, at) => {
      latest.set(workstationId, at);
      dirty.add(workstationId);
    },
    lastSeen: (workstationId) => latest.get(workstationId) ?? null,
    flush,
    close: async () => {
      clearInterval(timer);
      await flush();
    },
  };
}
