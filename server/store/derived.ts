/**
 * The tables that hold the search index: derived from the verified log by the reader, decrypted, and rebuildable. They are
 * in no backup, so that a purge reaches every copy of them. It owns their names and their search indices, nothing else.
 */
import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

export const DERIVED_TABLES = ['indexed_events', 'indexed_sessions', 'index_cursors'] as const;

interface SearchIndex {
  readonly name: string;
  readonly columns: readonly (keyof Tables['indexed_events'])[];
  /** Rows without this column are left out: most events name no application. */
  readonly only?: keyof Tables['indexed_events'];
}

/** One for each search; each ends with the order of the pages, so that a page is read and never sorted. */
export const searchIndexes: readonly SearchIndex[] = [
  { name: 'indexed_events_by_seat', columns: ['workstation_id', 'at', 'event_no'] },
  { name: 'indexed_events_by_person', columns: ['person_id', 'at', 'event_no'], only: 'person_id' },
  { name: 'indexed_events_by_app', columns: ['app_id', 'at', 'event_no'], only: 'app_id' },
  { name: 'indexed_events_by_outcome', columns: ['outcome', 'at', 'event_no'], only: 'outcome' },
  { name: 'indexed_events_by_moment', columns: ['at', 'event_no'] },
];

export async function createSearchIndexes(db: Kysely<Tables>): Promise<void> {
  for (const { name, columns, only } of searchIndexes) {
    const index = db.schema
      .createIndex(name)
      .on('indexed_events')
      .columns([...columns]);
    await (only === undefined ? index : index.where(only, 'is not', null)).execute();
  }
}

/** For a bulk load of an empty index; create them again after it. */
export async function dropSearchIndexes(db: Kysely<Tables>): Promise<void> {
  for (const { name } of searchIndexes) await db.schema.dropIndex(name).ifExists().execute();
}
