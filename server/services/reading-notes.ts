/**
 * Notes in the server's own log that the reader reads: one before it begins and one for each minute in which it goes on,
 * with what was read in the minute before. No entry is decrypted whose note could not be written.
 */
import type { LogName } from './logs.ts';
import type { ServerLog } from './server-log.ts';

const NOTE_MS = 60_000;

export interface ReadingNotes {
  /** Returns once the log says that reading goes on; rejects where it cannot be said. */
  readonly note: (log: LogName, entries: number) => Promise<void>;
  close(): Promise<void>;
}

interface NoteParts {
  readonly log: ServerLog;
  readonly now: () => number;
  readonly keyIds: readonly string[];
}

export function openReadingNotes({ log, now, keyIds }: NoteParts): ReadingNotes {
  let until = 0;
  let entriesRead = 0;
  let logsRead = new Set<string>();
  const count = () => ({ entriesBefore: entriesRead, logsBefore: logsRead.size });
  const forget = (): void => {
    entriesRead = 0;
    logsRead = new Set();
  };
  return {
    note: async ({ workstationId, incarnation }, entries) => {
      const at = now();
      if (at >= until) {
        const body = { keys: [...keyIds], until: new Date(at + NOTE_MS).toISOString(), ...count() };
        await log.append({ type: 'reader.reading', actor: 'reader', body });
        until = at + NOTE_MS;
        forget();
      }
      entriesRead += entries;
      logsRead.add(`${workstationId}/${incarnation}`);
    },
    close: async () => {
      if (entriesRead === 0) return;
      await log.append({ type: 'reader.read', actor: 'reader', body: { keys: [...keyIds], ...count() } });
      forget();
    },
  };
}
