/**
 * A connection to the database of a log that is evidence, or to a copy of it. Owns how it is opened: nothing may write to evidence.
 */
import Database from 'better-sqlite3';
import { WardlockError } from '../../core/errors/index.ts';
import { APPLICATION_ID, asCoded } from './database.ts';

const CACHE_KIB = 2048;

/**
 * @param copied SQLite may fold a WAL into the file. A verifier reads each page once, so a small cache is as quick as a big one.
 * @param named the evidence itself, as whoever asked knows it, where this is a copy
 */
export function openEvidence(path: string, copied: boolean, named = path): Database.Database {
  const db = new Database(path, { readonly: !copied, fileMustExist: true });
  try {
    db.pragma(`cache_size = -${CACHE_KIB}`);
    if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID)
      throw new WardlockError('AUDIT_STORE_FOREIGN', `${named} is an SQLite file, but not a Wardlock audit store.`);
    return db;
  } catch (error) {
    db.close();
    throw asCoded(error, named);
  }
}
