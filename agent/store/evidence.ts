/**
 * Opens a log for verification wherever it lies: a snapshot, a stopped store's folder, an emergency log. Owns the way in;
 * must never write to the evidence, so what SQLite would touch is read from a copy.
 */
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fromUtf8, toHex } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import type { Fault } from '../../core/audit/faults.ts';
import type { LogSource } from '../../core/audit/verify/source.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { parseAnchorRecord, readAnchorSync } from './anchor.ts';
import { asCoded } from './database.ts';
import { emergencySource, readEmergency } from './emergency-file.ts';
import { EMERGENCY_TOLD, emergencyFaults, readTold } from './emergency-told.ts';
import { openEvidence } from './evidence-database.ts';
import { storePaths } from './incarnation.ts';
import { isLocked } from './locked-file.ts';
import { SNAPSHOT_ANCHOR, SNAPSHOT_EMERGENCY, SNAPSHOT_WITNESSED } from './snapshot.ts';
import { type BesideLog, readLogId, storeSource } from './source.ts';
import { storeTables, type Tables } from './tables.ts';
import { readWitnessedNote } from './witnessed.ts';

/** The database of a main log, for whoever reads it with a connection of its own. */
export interface StoredLog {
  readonly file: string;
  /** The file is a copy that SQLite may fold a WAL into; evidence itself is opened for reading alone. */
  readonly copied: boolean;
  readonly tables: Tables;
  readonly beside: BesideLog;
}

export interface Evidence {
  /** The main log first, then runs of the emergency log. */
  readonly sources: readonly LogSource[];
  /** Where the main log lies. */
  readonly stored: StoredLog;
  /** What is wrong beside the logs themselves: with the head anchor, and with the emergency log as a file. */
  readonly faults: readonly Fault[];
  close(): void;
}

const ANCHOR_MISSING: Fault = { code: 'ANCHOR_MISSING' };
const SQLITE_MAGIC = 'SQLite format 3\u0000';
const WAL_FORMAT = 2;
const WAL_FORMAT_AT = 18;
const HEADER_BYTES = 100;

/** What lies at a path, by its first bytes. */
export function kindOf(path: string): 'store' | 'snapshot' | 'text' | 'unknown' {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new WardlockError('START_USAGE', `There is nothing at ${path}.`);
  if (stat.isDirectory()) return existsSync(storePaths(path).db) ? 'store' : 'unknown';
  const head = firstBytes(path);
  if (head.toString('latin1', 0, SQLITE_MAGIC.length) === SQLITE_MAGIC) return 'snapshot';
  return head[0] === 0x7b ? 'text' : 'unknown';
}

/** A snapshot file, or a file of a stopped store. */
export function openSnapshot(path: string, crypto: AuditCrypto): Evidence {
  const needsCopy = firstBytes(path)[WAL_FORMAT_AT] === WAL_FORMAT;
  if (needsCopy) return openFolder(dirname(path), basename(path), crypto, false);
  const db = openEvidence(path, false);
  try {
    const tables = storeTables(db);
    const noted = tables.meta(SNAPSHOT_ANCHOR);
    const anchor = noted === undefined ? undefined : parseAnchorRecord(noted);
    const cosigned = tables.meta(SNAPSHOT_WITNESSED);
    const beside: BesideLog = { anchor, witnessed: cosigned === undefined ? undefined : fromUtf8(cosigned) };
    const stored: StoredLog = { file: path, copied: false, tables, beside };
    const emergency = emergencyBeside(tables, tables.meta(SNAPSHOT_EMERGENCY), crypto);
    return {
      sources: [storeSource(tables, beside), ...emergency.sources],
      stored,
      faults: [...(noted !== undefined && anchor === undefined ? [ANCHOR_MISSING] : []), ...emergency.faults],
      close: () => void db.close(),
    };
  } catch (error) {
    db.close();
    throw asCoded(error, path);
  }
}

/** A stopped store's folder with its anchor and emergency log. */
export function openStoreFolder(path: string, crypto: AuditCrypto): Evidence {
  return openFolder(path, basename(storePaths(path).db), crypto, true);
}

/** @param present whether this is the store's present log; a file by itself may be a retired one, of which the anchor says nothing */
function openFolder(folder: string, name: string, crypto: AuditCrypto, present: boolean): Evidence {
  refuseLive(join(folder, name));
  const copies = mkdtempSync(join(tmpdir(), 'wardlock-verify-'));
  const release = (): void => {
    process.off('exit', release);
    rmSync(copies, { recursive: true, force: true });
  };
  // Whoever reads through a pipe and has seen enough ends the command in the middle.
  process.once('exit', release);
  try {
    for (const suffix of ['', '-wal']) {
      if (existsSync(join(folder, `${name}${suffix}`))) copyFileSync(join(folder, `${name}${suffix}`), join(copies, `log.db${suffix}`));
    }
    const file = join(copies, 'log.db');
    const db = openEvidence(file, true, join(folder, name));
    const tables = storeTables(db);
    const anchor = readAnchorSync(storePaths(folder).anchor, crypto);
    const record = anchor.state === 'present' ? anchor.record : undefined;
    const concerned = present || record?.incarnation === toHex(readLogId(tables).incarnation);
    const beside: BesideLog = { anchor: concerned ? record : undefined, witnessed: readWitnessedNote(storePaths(folder).witnessed) };
    const stored: StoredLog = { file, copied: true, tables, beside };
    const main = storeSource(tables, beside);
    const emergency = present ? emergencyBeside(tables, emergencyFile(folder), crypto) : undefined;
    return {
      sources: [main, ...(emergency?.sources ?? [])],
      stored,
      // The folder has a place for it.
      faults: [...(present && record === undefined ? [ANCHOR_MISSING] : []), ...(emergency?.faults ?? [])],
      close: () => {
        db.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw asCoded(error, join(folder, name));
  }
}

function emergencyFile(folder: string): Uint8Array | undefined {
  const path = storePaths(folder).emergency;
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}

/** The runs of the emergency log, and what is wrong with it by itself or held against what the store was told of it. */
function emergencyBeside(
  tables: Tables,
  bytes: Uint8Array | undefined,
  crypto: AuditCrypto,
): { readonly sources: readonly LogSource[]; readonly faults: readonly Fault[] } {
  const { workstation } = readLogId(tables);
  const content = readEmergency(bytes ?? new Uint8Array(0), crypto);
  return {
    sources: content.runs.map((run) => ({ ...emergencySource(workstation, run), unreceipted: true })),
    faults: emergencyFaults(readTold(tables.meta(EMERGENCY_TOLD)), content),
  };
}

/** A store that an agent has open changes while it is read. */
function refuseLive(path: string): void {
  if (isLocked(path)) {
    throw new WardlockError(
      'AUDIT_STORE_LOCKED',
      'A process that runs has this database open. Where it is the agent of a seat, ask it for a copy: audit snapshot FILE',
    );
  }
}

function firstBytes(path: string): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  return head;
}
