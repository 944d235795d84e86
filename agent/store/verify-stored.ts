/**
 * Verifies a stored log in two threads where that pays: cut at a kept checkpoint near the middle, each half by the same
 * verifier. Owns the cut and the seam. Two halves without a fault that fit together are a whole without a fault; anything
 * else is verified again in one piece, so that each fault has the name it always had.
 */
import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { equalBytes } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { parseHeader } from '../../core/audit/entry.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { formatVerifierKey, type NoteVerifier } from '../../core/audit/note.ts';
import type { LogSource, LogStart, VerifySummary } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import type { StoredLog } from './evidence.ts';
import { type HalfJob, type HalfSummary, halfArguments, readHalfAnswer } from './half-job.ts';
import { storeSource } from './source.ts';
import { startAt } from './start.ts';
import type { KeptRow, Tables } from './tables.ts';

/** A shorter log is verified before a second thread has started. */
const MIN_ENTRIES = 100_000;
/** Young generation of the second thread: a verifier keeps nothing, so more would only be memory. */
const YOUNG_MB = 3;

export interface StoredSummary extends HalfSummary {
  /** How many threads the answer came from. */
  readonly threads: 1 | 2;
}

export interface TrustedKeys {
  readonly logKey: NoteVerifier | undefined;
  readonly receiptKeys: readonly NoteVerifier[];
}

export interface StoredVerification {
  readonly stored: StoredLog;
  /** The same log as `stored`. */
  readonly source: LogSource;
  readonly keys: TrustedKeys;
  /** Told of each fault as soon as it is certain. */
  readonly onFault: (fault: Fault) => void;
}

/** When a second thread is worth it; as the machine says, unless a test or a measurement says otherwise. */
export interface Threading {
  readonly threads?: number;
  readonly minEntries?: number;
}

export async function verifyStored(
  crypto: AuditCrypto,
  { stored, source, keys, onFault }: StoredVerification,
  { threads = availableParallelism(), minEntries = MIN_ENTRIES }: Threading = {},
): Promise<StoredSummary> {
  const cut = threads > 1 ? findCut(crypto, stored.tables, source, minEntries) : undefined;
  const summary = cut === undefined ? undefined : await inTwoThreads(crypto, stored, { ...cut, pruned: source.pruned }, keys);
  if (summary !== undefined) return summary;
  const faults = verifyLog(crypto, source, keys);
  let step = faults.next();
  while (step.done !== true) {
    onFault(step.value);
    step = faults.next();
  }
  // What goes on from here, and what only a reader opens, is no part of the answer.
  const { hashes: _hashes, opened: _opened, ...whole } = step.value;
  return { ...whole, threads: 1 };
}

interface Cut {
  readonly row: KeptRow;
  readonly start: LogStart;
}

interface Halves extends Cut {
  readonly pruned: number | undefined;
}

/** A kept checkpoint near the middle with another one behind it, if the log is sound there. */
function findCut(crypto: AuditCrypto, tables: Tables, source: LogSource, minEntries: number): Cut | undefined {
  try {
    const { first, last } = tables.bounds();
    if (first === null || last === null || last - first < minEntries) return undefined;
    const middle = Math.floor((first + last) / 2);
    const near = [tables.keptBefore(middle + 1), ...tables.kept(middle, 1)].filter((row) => row !== undefined);
    const [row] = near.sort((a, b) => Math.abs(a.size - middle) - Math.abs(b.size - middle));
    if (row === undefined || row.size <= source.start.size + 1) return undefined;
    const start = startAt(tables, crypto, row);
    return start !== undefined && linked(crypto, tables, row.size) && tables.kept(row.size, 1).length > 0 ? { row, start } : undefined;
  } catch {
    return undefined;
  }
}

/** The one link that neither half sees. */
function linked(crypto: AuditCrypto, tables: Tables, seq: number): boolean {
  const before = tables.entry(seq - 1);
  const entry = tables.entry(seq);
  if (before === undefined || entry === undefined) return false;
  const { link } = parseHeader(entry);
  return equalBytes(link, treeHasher(crypto).leaf(before).subarray(0, link.length));
}

/** `undefined` when anything at all is wrong in either half, at the seam or with the thread. */
async function inTwoThreads(
  crypto: AuditCrypto,
  stored: StoredLog,
  { row, start, pruned }: Halves,
  keys: TrustedKeys,
): Promise<StoredSummary | undefined> {
  const { file, copied, tables, beside } = stored;
  const text = (key: NoteVerifier): string => formatVerifierKey(crypto, key);
  const job: HalfJob = {
    file,
    copied,
    cut: row.size,
    beside,
    logKey: keys.logKey === undefined ? undefined : text(keys.logKey),
    receiptKeys: keys.receiptKeys.map(text),
  };
  const worker = secondThread(job);
  if (worker === undefined) return undefined;
  const answered = answerOf(worker);
  try {
    const half = storeSource(tables, beside, undefined, row);
    // Receipts of the upper half are the other thread's; without any here there is nothing to miss.
    const receiptKeys = half.receipts.length > 0 || half.witnessed !== undefined ? keys.receiptKeys : [];
    const lower = verifyLog(crypto, half, { ...keys, receiptKeys }).next();
    if (lower.done !== true || lower.value.verified !== row.size || !sameHashes(lower.value.hashes, start.hashes)) return undefined;
    const upper = await answered;
    if (upper === undefined || upper.faults > 0 || upper.from !== row.size) return undefined;
    const whole = joined(lower.value, upper);
    // What is said to be pruned lies under a receipt of either half, or is not proven.
    return whole.receipted < (pruned ?? 0) ? undefined : whole;
  } finally {
    await worker.terminate();
  }
}

/** `undefined` where the system gives no thread. */
function secondThread(job: HalfJob): Worker | undefined {
  try {
    return new Worker(new URL('./verify-program.ts', import.meta.url), {
      argv: halfArguments(job),
      // What the main thread was told to load at its start is not this one's.
      execArgv: [],
      env: compileCacheEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
  } catch {
    return undefined;
  }
}

/** A thread's environment makes text of whatever it is given: a folder that there is not must not become one called "undefined". */
function compileCacheEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

function answerOf(worker: Worker): Promise<HalfSummary | undefined> {
  return new Promise((resolve) => {
    worker.once('message', (message: unknown) => resolve(readHalfAnswer(message)));
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
}

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, at) => equalBytes(hash, b[at] ?? hash.subarray(1)));
}

function joined(lower: VerifySummary, upper: HalfSummary): StoredSummary {
  return {
    from: lower.from,
    size: upper.size,
    entries: lower.entries + upper.entries,
    epochs: lower.epochs + upper.epochs,
    verified: upper.verified,
    receipted: Math.max(lower.receipted, upper.receipted),
    witnessed: Math.max(lower.witnessed, upper.witnessed),
    faults: 0,
    threads: 2,
    firstWallMicros: lower.firstWallMicros,
    lastWallMicros: upper.lastWallMicros,
  };
}
