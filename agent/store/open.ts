/**
 * Opens the store at the start of the agent, or again after it broke: check, continue or begin anew, and say what was
 * found. Owns the decision which findings end an incarnation; must never continue a log whose signed past does not fit.
 */
import { existsSync } from 'node:fs';
import { equalBytes, toHex, utf8 } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { parseHeader } from '../../core/audit/entry.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { type AnchorRead, type AnchorRecord, readAnchor } from './anchor.ts';
import { asCoded, hasNoRoom, isDamage, isFull, openDatabase, type StoreDatabase } from './database.ts';
import { dropFoundWal, hasFoundWal, keepFoundWal, retireFoundWal } from './found-wal.ts';
import { checkStore } from './fsck.ts';
import {
  citationOf,
  createLog,
  finishBirth,
  type LiveLog,
  type LogParts,
  restoreLog,
  resumeLog,
  retiredPath,
  retireLog,
  storePaths,
} from './incarnation.ts';
import { readBoots } from './meta.ts';
import { rootAt } from './reader.ts';
import { judgeKept, type KeptReceipt, type ReceiptedLog } from './receipts.ts';
import { readLogId, readPruned } from './source.ts';
import { storeTables, type Tables } from './tables.ts';
import { witnessFaults } from './witnessed.ts';

export interface OpenedLog {
  readonly live: LiveLog;
  readonly findings: readonly Fault[];
  /** The last life of the agent did not end with a clean close. */
  readonly interrupted: boolean;
  /** The disk had no room to make all of it durable anew: it may be read, and must be opened again before anything is recorded. */
  readonly lacksRoom: boolean;
}

/** Findings with which the same incarnation goes on: nothing that was signed is contradicted. */
const CONTINUABLE: ReadonlySet<Fault['code']> = new Set(['ANCHOR_MISSING', 'INDEX_FORGED', 'RECEIPT_SIGNATURE']);

export async function openLog(dir: string, parts: LogParts, birth: 'enrolment' | 'existing'): Promise<OpenedLog> {
  const paths = storePaths(dir);
  const anchorRead = await readAnchor(paths.anchor, parts.crypto);
  const anchor = anchorRead.state === 'present' ? anchorRead.record : undefined;
  keepFoundWal(paths.db);
  await finishBirth(paths, anchor);
  if (!existsSync(paths.db)) return beginWithout(dir, parts, birth, anchorRead);
  const opened = tryOpen(paths.db, anchorRead);
  if ('code' in opened) return replace(dir, parts, { findings: [opened], anchor });
  try {
    return await continueOrReplace(dir, parts, anchorRead, opened);
  } catch (error) {
    if (opened.db.open) opened.db.close();
    throw asCoded(error, paths.db);
  }
}

/** Takes the mark of a clean end away: from here on an end without one is an interruption. */
export function beginLife(tables: Tables): void {
  tables.deleteMeta('clean');
}

/** A database that is ours as far as its file says. */
type OpenedFile = Pick<OpenedLog, 'lacksRoom'> & { readonly db: StoreDatabase };

async function continueOrReplace(dir: string, parts: LogParts, anchorRead: AnchorRead, { db, lacksRoom }: OpenedFile): Promise<OpenedLog> {
  const named = readLogIdOf(db);
  const log = named !== undefined && equalBytes(named.workstation, parts.workstation) ? named : undefined;
  if (named !== undefined && log === undefined && !holdsEntriesOf(db, parts.workstation)) {
    throw new WardlockError('AUDIT_STORE_FOREIGN', 'This audit store belongs to another seat.');
  }
  const name = log === undefined ? undefined : toHex(log.incarnation);
  const { findings, kept } =
    name === undefined ? { findings: [damaged('It does not say whose log it holds.')] } : inspect(db, parts, anchorRead, name);
  const serious = findings.filter((fault) => !CONTINUABLE.has(fault.code));
  const live = serious.length > 0 ? serious : await resumed(db, parts);
  if ('db' in live) {
    if (anchorRead.state === 'present') dropFoundWal(db.name);
    else retireFoundWal(db.name, retiredPath(db.name, name));
    return { live: { ...live, receipt: kept }, findings, interrupted: live.tables.meta('clean') === undefined, lacksRoom };
  }
  const receipt = receiptOf(db)?.note;
  db.close();
  const anchor = anchorRead.state === 'present' ? anchorRead.record : undefined;
  const why = serious.length > 0 ? findings : [...findings, ...live];
  return replace(dir, parts, { findings: why, anchor, receipt, incarnation: name });
}

/** The log to go on with, or why that can't be done. */
async function resumed(db: StoreDatabase, parts: LogParts): Promise<LiveLog | readonly Fault[]> {
  try {
    return (await resumeLog(db, parts)) ?? [{ code: 'KEYS_LOST' }];
  } catch (error) {
    // Keys that don't answer now are no reason to begin anew: all else that has a code is said of what is stored.
    const isOfStore = isDamage(error) || (isWardlockError(error) && error.code !== 'AUDIT_KEYS_UNAVAILABLE');
    if (!isOfStore) throw error;
    return [damaged(error.message)];
  }
}

interface Inspected {
  readonly findings: readonly Fault[];
  /** The receipt that counts, of a log that may go on. */
  readonly kept?: KeptReceipt | undefined;
}

function inspect(db: StoreDatabase, parts: LogParts, anchorRead: AnchorRead, incarnation: string): Inspected {
  const anchor = anchorRead.state === 'present' ? anchorRead.record : undefined;
  const other: Fault[] = [];
  if (anchor === undefined) {
    const receipt = receiptOf(db);
    const since = receipt === undefined ? 'since the beginning' : `since the last receipt, over ${receipt.size} entries,`;
    other.push({ code: 'ANCHOR_MISSING', detail: `A loss ${since} would not be noticed by this seat alone.` });
  } else if (anchor.incarnation !== incarnation) {
    other.push({ code: 'ANCHOR_FORKED', detail: `It names incarnation ${anchor.incarnation}; the store holds ${incarnation}.` });
  }
  const own = anchor?.incarnation === incarnation ? anchor : undefined;
  const checked = checkStore(db, parts.crypto, { anchor: own, receiptKey: parts.receiptKey });
  const found = [...other, ...checked];
  const log = checked.every(({ code }) => CONTINUABLE.has(code)) ? soundLog(db, parts) : undefined;
  if (log === undefined) return { findings: found };
  const { receipt, findings } = judgeKept(receiptOf(db), own?.receipt ?? undefined, parts.receiptKey, log);
  return { findings: [...found, ...witnessed(parts, log), ...findings], kept: receipt };
}

async function beginWithout(dir: string, parts: LogParts, birth: 'enrolment' | 'existing', anchorRead: AnchorRead): Promise<OpenedLog> {
  const paths = storePaths(dir);
  if (birth === 'enrolment' && anchorRead.state === 'absent') {
    return { live: await createLog(paths, parts, { kind: 'enrolment' }), findings: [], interrupted: false, lacksRoom: false };
  }
  const anchor = anchorRead.state === 'present' ? anchorRead.record : undefined;
  const cited = citationOf(anchor, undefined);
  const finding: Fault = { code: 'STORE_MISSING', detail: `It is known to have had ${cited.size} entries.` };
  if (hasFoundWal(paths.db)) await retireLog(paths, anchor?.incarnation);
  return {
    live: await createLog(paths, parts, { kind: 'replacement', replaces: cited }),
    findings: [finding],
    interrupted: true,
    lacksRoom: false,
  };
}

/** A log that was just found sound, as receipts and what was witnessed are held against it. */
function soundLog(db: StoreDatabase, { crypto }: LogParts): SoundLog | undefined {
  const tables = storeTables(db);
  const head = tables.head()?.note;
  if (head === undefined) return undefined;
  const { origin, size } = parseCheckpoint(head).checkpoint;
  const pruned = readPruned(tables);
  const view = { tables, hasher: treeHasher(crypto), pruned, head, size };
  return { origin, size, prunedSize: pruned.size, rootAt: (of) => rootAt(view, of) };
}

interface SoundLog extends ReceiptedLog {
  readonly prunedSize: number;
}

/** The store went back in time together with its anchor: what the witness cosigned is in a file of its own. */
function witnessed({ witness }: LogParts, log: SoundLog): readonly Fault[] {
  const latest = witness?.latest;
  // What was pruned can't be held against anything any more: by now it is known to lie under a receipt, so the file was kept behind, or put back.
  if (latest !== undefined && latest.size < log.prunedSize) return [];
  return witnessFaults(latest, log);
}

/** How often the machine was booted since this log began, as far as it knows; keeps the answer in the log. */
export function countBoot(tables: Tables, bootId: string): number {
  const id = utf8(bootId);
  const known = tables.meta('boot_id');
  const before = readBoots(tables);
  const counter = known !== undefined && equalBytes(known, id) ? before : before + 1;
  tables.writeMeta('boot_id', id);
  tables.writeMeta('boot', utf8(String(counter)));
  return counter;
}

/** Why a log is not continued, and what is known of it. */
interface Retired {
  readonly findings: readonly Fault[];
  readonly anchor: AnchorRecord | undefined;
  readonly receipt?: string | undefined;
  readonly incarnation?: string | undefined;
}

async function replace(dir: string, parts: LogParts, why: Retired): Promise<OpenedLog> {
  const { findings, anchor, receipt, incarnation } = why;
  const paths = storePaths(dir);
  const aside = await retireLog(paths, incarnation ?? anchor?.incarnation);
  try {
    const live = await createLog(paths, parts, { kind: 'replacement', replaces: citationOf(anchor, receipt) });
    return { live, findings, interrupted: true, lacksRoom: false };
  } catch (error) {
    // Without room for a new log the next try finds the old one again, with all that is wrong with it, and not that there is none.
    if (hasNoRoom(error) && !existsSync(paths.db)) await restoreLog(paths, aside);
    throw error;
  }
}

/** A file that is no database is ours and damaged when an anchor stands beside it, and foreign otherwise. */
function tryOpen(path: string, anchor: AnchorRead): OpenedFile | Fault {
  let db: StoreDatabase | undefined;
  try {
    db = openDatabase(path, false);
    return { db, lacksRoom: !foldWal(db) };
  } catch (error) {
    db?.close();
    const coded = asCoded(error, path);
    if (isWardlockError(coded) && coded.code === 'AUDIT_STORE_FOREIGN' && anchor.state !== 'absent') return damaged(coded.message);
    throw coded;
  }
}

/**
 * Folds the WAL back at the start: after a failed flush the kernel may hold pages that the disk does not, and writing them
 * again is the only way to be sure of them. False without room for it on the disk: the WAL is read as it is.
 */
function foldWal(db: StoreDatabase): boolean {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
    return true;
  } catch (error) {
    if (!isFull(error)) throw error;
    return false;
  }
}

function readLogIdOf(db: StoreDatabase): ReturnType<typeof readLogId> | undefined {
  try {
    return readLogId(storeTables(db));
  } catch (error) {
    if (isWardlockError(error) || isDamage(error)) return undefined;
    throw error;
  }
}

/** Whether its entries are this seat's, whatever the store says of itself: then it is ours, and damaged. */
function holdsEntriesOf(db: StoreDatabase, workstation: Uint8Array): boolean {
  try {
    const tables = storeTables(db);
    const { last } = tables.bounds();
    const entry = last === null ? undefined : tables.entry(last);
    return entry !== undefined && equalBytes(parseHeader(entry).workstation, workstation);
  } catch (error) {
    if (isWardlockError(error) || isDamage(error)) return false;
    throw error;
  }
}

function receiptOf(db: StoreDatabase): ReturnType<Tables['receipt']> {
  try {
    return storeTables(db).receipt();
  } catch {
    return undefined;
  }
}

function damaged(detail: string): Fault {
  return { code: 'STORE_DAMAGED', detail };
}
