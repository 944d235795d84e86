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
  /**
   * Rows without this column are left out: most events name no application. None is without a number; there it keeps the
   * other searches off that index, which a planner takes for them when it believes that what is sought is frequent, and
   * then walks over years of everything for somebody who was here once. The search by time alone names this condition.
   */
  readonly only?: keyof Tables['indexed_events'];
}

/** One for each search; each ends with the order of the pages, so that a page is read and never sorted. */
export const searchIndexes: readonly SearchIndex[] = [
  { name: 'indexed_events_by_seat', columns: ['workstation_id', 'at', 'event_no'] },
  { name: 'indexed_events_by_person', columns: ['person_id', 'at', 'event_no'], only: 'person_id' },
  { name: 'indexed_events_by_app', columns: ['app_id', 'at', 'event_no'], only: 'app_id' },
  { name: 'indexed_events_by_outcome', columns: ['outcome', 'at', 'event_no'], only: 'outcome' },
  { name: 'indexed_events_by_moment', columns: ['at', 'event_no'], only: 'event_no' },
];

export async function createSearchIndexes(db: Kysely<Tables>): Promise<void> {
  for (const { name, columns, only } of searchIndexes) {
    const index = db.schema
      .createIndex(name)
      .on('indexed_events')
      .columns([...columns]);
    // A lower bound that a query must state itself: no planner can conclude it from another condition.
    if (only === 'event_no') await index.where(only, '>=', 0).execute();
    else await (only === undefined ? index : index.where(only, 'is not', null)).execute();
  }
}

/** For a bulk load of an empty index; create them again after it. */
export async function dropSearchIndexes(db: Kysely<Tables>): Promise<void> {
  for (const { name } of searchIndexes) await db.schema.dropIndex(name).ifExists().execute();
}
