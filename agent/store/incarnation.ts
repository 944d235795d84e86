/**
 * The life of one log on disk: born under a temporary name, moved into place, continued after a restart, and set aside as
 * evidence when it can't be. Owns those steps and their order across a crash; must never delete a log.
 */
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equalBytes, fromHex, HASH_BYTES, toHex } from '../../core/audit/bytes.ts';
import { epochKeyName, logKeyName, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import type { AuditCrypto, Signer } from '../../core/audit/crypto.ts';
import { type ChainState, type EntryTime, LogDraft, NO_LINK } from '../../core/audit/draft.ts';
import { entryBody, INCARNATION_BYTES, KIND_EPOCH, type LogId, parseHeader } from '../../core/audit/entry.ts';
import { type Citation, type EpochBody, parseEpochBody, type Recipient } from '../../core/audit/epoch.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import type { NamedSigner, NoteVerifier } from '../../core/audit/note.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import type { EpochKeyFile } from '../keys/epoch-key-file.ts';
import { type AnchorRecord, AnchorWriter } from './anchor.ts';
import { openDatabase, type StoreDatabase } from './database.ts';
import { BESIDE_DATABASE } from './found-wal.ts';
import { frontierAt, storedNodes } from './nodes.ts';
import type { KeptReceipt } from './receipts.ts';
import { readLogId, readPruned } from './source.ts';
import { storeTables, type Tables } from './tables.ts';
import type { WitnessRecord } from './witnessed.ts';

/** Of Ed25519. */
const SEED_BYTES = 32;

export interface StorePaths {
  readonly db: string;
  readonly born: string;
  readonly anchor: string;
  /** The beginning of the two slots' names. */
  readonly keys: string;
  readonly emergency: string;
  readonly witnessed: string;
}

export function storePaths(dir: string): StorePaths {
  return {
    db: join(dir, 'audit.db'),
    born: join(dir, 'audit.db.new'),
    anchor: join(dir, 'anchor'),
    keys: join(dir, 'epoch-key'),
    emergency: join(dir, 'emergency.log'),
    witnessed: join(dir, 'witnessed'),
  };
}

/** What a log needs to be born or continued. */
export interface LogParts {
  readonly crypto: AuditCrypto;
  readonly keyFile: EpochKeyFile;
  readonly workstation: Uint8Array;
  readonly logSigner: Signer;
  readonly recipients: readonly Recipient[];
  readonly now: () => EntryTime;
  /** The same until the machine boots again. */
  readonly bootId: () => string;
  /** What the server's witness cosigned: it is held against the store at each start. */
  readonly witness?: WitnessRecord;
  /** The server's mirror: without a receipt by it nothing can have been pruned. */
  readonly receiptKey?: NoteVerifier | undefined;
}

export interface LiveLog {
  readonly db: StoreDatabase;
  readonly tables: Tables;
  readonly state: ChainState;
  readonly head: string;
  /** What was judged, not what lies in the table. */
  readonly receipt?: KeptReceipt | undefined;
}

export function namedLogSigner(parts: LogParts): NamedSigner {
  return { name: logKeyName(parts.workstation), signer: parts.logSigner };
}

/**
 * Begins a new incarnation. Its file, key and anchor are durable under a temporary name before it takes its place, so that
 * a crash leaves either the state before or a birth that `finishBirth` completes.
 */
export async function createLog(paths: StorePaths, parts: LogParts, origin: EpochBody['origin']): Promise<LiveLog> {
  const { crypto, keyFile, recipients, now } = parts;
  const log: LogId = { workstation: parts.workstation, incarnation: crypto.random(INCARNATION_BYTES) };
  const seed = crypto.random(SEED_BYTES);
  await removeDatabase(paths.born);
  await keyFile.saveNext(log.incarnation, undefined, { epoch: 0, seed });
  const hasher = treeHasher(crypto);
  const draft = new LogDraft(crypto, hasher, { log, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined });
  draft.openEpoch({ reason: 'start', origin, seed, recipients, logSigner: namedLogSigner(parts), time: now() });
  seed.fill(0);
  const head = draft.head();
  const born = openDatabase(paths.born, true);
  const tables = storeTables(born);
  born.transaction(() => {
    tables.writeMeta('workstation', log.workstation);
    tables.writeMeta('incarnation', log.incarnation);
    tables.insertEntries(draft.entries);
    for (const node of draft.nodes) tables.insertNode(node);
    for (const kept of draft.kept) tables.insertKept(kept, 0);
    tables.writeHead({ note: head, link: draft.state().link });
  })();
  born.close();
  const anchor = await AnchorWriter.open(paths.anchor, crypto, (error) => {
    throw new WardlockError('AUDIT_STORE_FAILED', 'The head anchor cannot be written.', { cause: error });
  });
  anchor.want({ incarnation: toHex(log.incarnation), head, receipt: null }, true);
  await anchor.close();
  await keyFile.keepOnly(log.incarnation, 0);
  await moveDatabase(paths.born, paths.db);
  const db = openDatabase(paths.db, false);
  return { db, tables: storeTables(db), state: draft.state(), head };
}

/** Completes a birth that a crash interrupted: its file is whole and the anchor already names it. */
export async function finishBirth(paths: StorePaths, anchor: AnchorRecord | undefined): Promise<void> {
  if (!existsSync(paths.born) || existsSync(paths.db) || anchor === undefined) return;
  const db = openDatabase(paths.born, false);
  const { incarnation } = readLogId(storeTables(db));
  db.close();
  if (toHex(incarnation) === anchor.incarnation && citationIn(anchor.head)?.size === 1) await moveDatabase(paths.born, paths.db);
}

/** Picks a stored log up where its head is. `undefined` when the signing key of its epoch is gone. */
export async function resumeLog(db: StoreDatabase, parts: LogParts): Promise<LiveLog | undefined> {
  const tables = storeTables(db);
  const log = readLogId(tables);
  const head = tables.head();
  const last = tables.lastKept();
  if (head === undefined || last === undefined) throw new WardlockError('AUDIT_STORE_FOREIGN', 'The audit store has no signed head.');
  const opening = tables.entry(last.size - 1);
  if (opening === undefined) throw new WardlockError('AUDIT_STORE_FOREIGN', 'The entry that opens the present epoch is missing.');
  const header = parseHeader(opening);
  const { publicKey } = parseEpochBody(entryBody(opening));
  const seeds = await parts.keyFile.load(log.incarnation);
  const seed = seeds.find((candidate) => candidate.epoch === header.epoch);
  if (header.kind !== KIND_EPOCH || seed === undefined) return undefined;
  const signer = parts.crypto.signer(seed.seed);
  for (const { seed: used } of seeds) used.fill(0);
  if (!equalBytes(signer.publicKey, publicKey)) return undefined;
  const hasher = treeHasher(parts.crypto);
  const range = frontierAt(hasher, parseCheckpoint(head.note).checkpoint.size, storedNodes(tables, hasher, readPruned(tables)));
  const epoch = { number: header.epoch, signer: { name: epochKeyName(log, header.epoch), signer }, keys: undefined, firstSeq: header.seq };
  return { db, tables, state: { log, range, link: head.link, epoch }, head: head.note };
}

/** Sets a log aside under its own name, untouched, and answers where. */
export async function retireLog(paths: StorePaths, incarnation: string | undefined): Promise<string> {
  const target = retiredPath(paths.db, incarnation);
  await moveDatabase(paths.db, target);
  return target;
}

/** Where a log that is set aside now, or a part of it, lies from then on. */
export function retiredPath(db: string, incarnation = 'unknown'): string {
  return join(dirname(db), `retired-${incarnation}-${Date.now()}.db`);
}

/** Puts one back that was set aside for a log which then could not begin. */
export async function restoreLog(paths: StorePaths, aside: string): Promise<void> {
  await moveDatabase(aside, paths.db);
}

/** When a log was set aside, in milliseconds since 1970; `undefined` for the name of anything else. */
export function retiredAt(name: string): number | undefined {
  const at = /^retired-(?:[0-9a-f]{16}|unknown)-(\d{1,15})\.db$/.exec(name)?.[1];
  return at === undefined ? undefined : Number(at);
}

/** The last thing known of a log: its receipt if it has one, else the head in the anchor. What can't be read is not known. */
export function citationOf(anchor: AnchorRecord | undefined, receipt: string | undefined): Citation {
  for (const note of [receipt, anchor?.receipt, anchor?.head]) {
    const citation = note === undefined || note === null ? undefined : citationIn(note);
    if (citation !== undefined) return citation;
  }
  return { incarnation: new Uint8Array(INCARNATION_BYTES), size: 0, root: new Uint8Array(HASH_BYTES) };
}

function citationIn(note: string): Citation | undefined {
  try {
    const { origin, size, root } = parseCheckpoint(note).checkpoint;
    return { incarnation: fromHex(origin.slice(origin.lastIndexOf('/') + 1), INCARNATION_BYTES), size, root };
  } catch (error) {
    if (isWardlockError(error)) return undefined;
    throw error;
  }
}

async function moveDatabase(from: string, to: string): Promise<void> {
  for (const suffix of [...BESIDE_DATABASE, '']) if (existsSync(`${from}${suffix}`)) await rename(`${from}${suffix}`, `${to}${suffix}`);
  const folder = await open(dirname(to), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
}
