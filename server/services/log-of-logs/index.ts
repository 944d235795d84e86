/**
 * The log of logs: what the witness cosigned, in one Merkle tree of its own that other people's tools can read and witness.
 * It owns the publishing clock.
 */
import { join } from 'node:path';
import { packBundle, TILE_WIDTH, type TileName, tileWidth } from '../../../core/audit/tiles.ts';
import { type CheckParts, type CheckResult, type CheckWanted, checkLogOfLogs } from './check.ts';
import { openLastPublished } from './last-published.ts';
import { verifierKeyOf } from './names.ts';
import { MOST_AT_ONCE, publishOnce } from './publisher.ts';
import { type LogRow, readLogEntries, readLogs, readTile } from './store.ts';

/** How long an accepted checkpoint waits for its place, at most, while the database answers. */
const PUBLISH_MS = 1000;
const HASH_BYTES = 32;
/** In the state folder, never in the database: the last checkpoint that this node published. */
export const CHECKPOINT_FILE = 'log-of-logs.checkpoint';

export interface PublicLog {
  readonly id: string;
  /** C2SP vkey; its name is the origin. */
  readonly key: string;
  readonly size: number;
}

export interface LogOfLogs {
  /**
   * Holds the database against what this node knows to be published, and publishes what waits, again and again until `close`.
   * For servers only: other processes of the site may lack its key.
   */
  start(): Promise<void>;
  /** Sequences what waits now. Answers how many entries. */
  publish(): Promise<number>;
  /** Every log of this site, the one that grows last. */
  logs(): Promise<readonly PublicLog[]>;
  /** The newest signed checkpoint of a log; null where there is none. */
  checkpoint(id: string): Promise<string | null>;
  /** A tile or an entry bundle as tlog-tiles has it; null where the log is not that large. */
  tile(id: string, name: TileName): Promise<Uint8Array | null>;
  /** Checks everything, against a checkpoint from outside too if there is one. */
  check(wanted: CheckWanted): Promise<CheckResult>;
  close(): Promise<void>;
}

interface LogOfLogsParts extends CheckParts {
  readonly stateFolder: string;
  readonly onFault: (fault: unknown) => void;
}

export function openLogOfLogs(parts: LogOfLogsParts): LogOfLogs {
  const { db, stateFolder, onFault } = parts;
  const last = openLastPublished(parts, join(stateFolder, CHECKPOINT_FILE));
  const publish = async (): Promise<number> => {
    let entries = 0;
    await last.compare();
    for (;;) {
      const published = await publishOnce(parts, last.known);
      if (published === null) return entries;
      last.keep(published.note);
      entries += published.entries;
      if (published.entries < MOST_AT_ONCE) return entries;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<unknown> | null = null;
  const look = (): void => {
    working ??= publish()
      .catch(onFault)
      .finally(() => {
        working = null;
      });
  };
  const find = async (id: string): Promise<LogRow | undefined> => (await readLogs(db)).find((log) => log.id === id);
  return {
    start: async () => {
      await last.recall();
      timer ??= setInterval(look, PUBLISH_MS).unref();
    },
    publish,
    logs: async () => (await readLogs(db)).map(({ id, size }) => ({ id, key: verifierKeyOf(parts, id), size })),
    checkpoint: async (id) => {
      const log = await find(id);
      return log === undefined || log.note === '' ? null : log.note;
    },
    tile: async (id, { level, index, width }) => {
      const log = await find(id);
      if (log === undefined || tileWidth(level, index, log.size) < width) return null;
      if (level === 'entries') {
        const from = index * TILE_WIDTH;
        return packBundle(await readLogEntries(db, log.number, { from, to: from + width }));
      }
      return (await readTile(db, { log: log.number, level, tile: index }))?.subarray(0, width * HASH_BYTES) ?? null;
    },
    check: (wanted) => checkLogOfLogs(parts, wanted),
    close: async () => {
      clearInterval(timer);
      await (working ?? undefined);
    },
  };
}
