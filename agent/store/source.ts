/**
 * A stored log as the verifier reads it, in pieces of bounded size. Owns the reading order; it hands on what the tables
 * hold and believes none of it.
 */
import { HASH_BYTES, putU64, readU64 } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { coverage } from '../../core/audit/compact.ts';
import { INCARNATION_BYTES, type LogId, WORKSTATION_BYTES } from '../../core/audit/entry.ts';
import type { EntryPage, LogSource, LogStart, StoredEntry } from '../../core/audit/verify/source.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord } from './anchor.ts';
import { isDamage } from './database.ts';
import { NOTHING_PRUNED, type Pruned } from './nodes.ts';
import { releasePages } from './release.ts';
import { Salvage } from './salvage.ts';
import type { KeptRow, Tables } from './tables.ts';

const READ_ENTRIES = 64;
const READ_KEPT = 256;
const READ_NODES = 256;
/** Pages that are read before the memory of those before is given back. */
const RELEASE_PAGES = 16;
const SIZE_BYTES = 8;

/** Which log a store holds; throws AUDIT_STORE_FOREIGN when it does not say. */
export function readLogId(tables: Tables): LogId {
  const workstation = tables.meta('workstation');
  const incarnation = tables.meta('incarnation');
  if (workstation?.length !== WORKSTATION_BYTES || incarnation?.length !== INCARNATION_BYTES) {
    throw new WardlockError('AUDIT_STORE_FOREIGN', 'The audit store does not say whose log it holds.');
  }
  return { workstation, incarnation };
}

/** What pruning left of the entries before the first one; throws AUDIT_STORE_FOREIGN for what pruning never leaves. */
export function readPruned(tables: Tables): Pruned {
  const stored = tables.meta('pruned');
  if (stored === undefined) return NOTHING_PRUNED;
  const size = stored.length < SIZE_BYTES ? undefined : readU64(new DataView(stored.buffer, stored.byteOffset), 0);
  const hashes: Uint8Array[] = [];
  for (let at = SIZE_BYTES; at + HASH_BYTES <= stored.length; at += HASH_BYTES) hashes.push(stored.subarray(at, at + HASH_BYTES));
  if (size === undefined || hashes.length !== coverage(0, size).length || stored.length !== SIZE_BYTES + hashes.length * HASH_BYTES)
    throw new WardlockError('AUDIT_STORE_FOREIGN', 'What the audit store says of pruned entries cannot be read.');
  return { size, hashes };
}

export function encodePruned(pruned: Pruned): Uint8Array {
  const out = new Uint8Array(SIZE_BYTES + pruned.hashes.length * HASH_BYTES);
  putU64(out, 0, pruned.size);
  for (const [at, hash] of pruned.hashes.entries()) out.set(hash, SIZE_BYTES + at * HASH_BYTES);
  return out;
}

/** What lies beside a log and speaks of it: where nothing is known of a part, it is absent. */
export interface BesideLog {
  readonly anchor?: Pick<AnchorRecord, 'head' | 'receipt'> | undefined;
  /** The checkpoint with the witness's cosignature. */
  readonly witnessed?: string | undefined;
}

/**
 * The whole log that is stored, or its part from `start` on, or up to the kept checkpoint `end`. Of a part the caller sees to it
 * that what is said to be pruned lies under a receipt: that may be in another part.
 */
export function storeSource(tables: Tables, { anchor, witnessed }: BesideLog, part?: LogStart, end?: KeptRow): LogSource {
  const start = part ?? readPruned(tables);
  const isWhole = part === undefined && end === undefined;
  const head = tables.head();
  const receipts = [tables.receipt()?.note, anchor?.receipt ?? undefined].filter((note) => note !== undefined);
  const bounds = { start: start.size, end: end?.size ?? Infinity };
  return {
    log: readLogId(tables),
    start,
    pruned: isWhole ? start.size : undefined,
    entries: () => entriesFrom(tables, bounds),
    pages: () => pagesFrom(tables, bounds),
    checkpoints: () => keptFrom(tables, bounds),
    head: end?.note ?? head?.note,
    lastLink: end === undefined ? head?.link : undefined,
    receipts: [...new Set(receipts)].filter((note) => within(note, bounds.end)),
    anchor: anchor !== undefined && within(anchor.head, bounds.end) ? anchor.head : undefined,
    witnessed: witnessed !== undefined && within(witnessed, bounds.end) ? witnessed : undefined,
    node: readAhead(tables),
  };
}

interface Bounds {
  readonly start: number;
  /** Size of the log at which its part ends. */
  readonly end: number;
}

/** Whether a checkpoint states at most this size; one that cannot be read is the verifier's to name. */
function within(note: string, size: number): boolean {
  try {
    return parseCheckpoint(note).checkpoint.size <= size;
  } catch {
    return true;
  }
}

/** Runs in one piece where none is missing, else row by row, each with the place that it tells. */
function* pagesFrom(tables: Tables, { start, end }: Bounds): Generator<EntryPage> {
  const salvage = new Salvage(tables);
  const first = salvage.first() ?? start;
  let next = start === 0 ? first : Math.max(start, first);
  for (let pages = 1; next < end; pages += 1) {
    if (pages % RELEASE_PAGES === 0) releasePages();
    const count = Math.min(READ_ENTRIES, end - next);
    const page = salvage.page(next, count);
    if (page === undefined) return;
    const last = page.length === 0 ? next : page.seq(page.length - 1);
    if (page.length > 0) yield last < end ? page : firstOf(page, end);
    next = Math.max(last + 1, next + count);
  }
}

/** Those below `end`: rows behind a gap may lie anywhere. */
function firstOf(page: EntryPage, end: number): EntryPage {
  let { length } = page;
  while (length > 0 && page.seq(length - 1) >= end) length -= 1;
  return { ...page, length };
}

function* entriesFrom(tables: Tables, bounds: Bounds): Generator<StoredEntry> {
  for (const page of pagesFrom(tables, bounds)) {
    // Whoever takes entries one by one may keep them.
    for (let at = 0; at < page.length; at += 1) yield { seq: page.seq(at), bytes: Uint8Array.from(page.bytes(at)) };
  }
}

/** Stored hashes, read ahead: a verifier asks for those of one level in order. */
function readAhead(tables: Tables): NonNullable<LogSource['node']> {
  let level = -1;
  let known = new Map<number, Uint8Array>();
  let until = 0;
  return (asked, index) => {
    if (asked !== level || index >= until || index < until - READ_NODES) {
      known = new Map(nodesFrom(tables, asked, index));
      level = asked;
      until = index + READ_NODES;
    }
    return known.get(index);
  };
}

/** Stored hashes only help to go on behind damage: those that can't be read are as good as none. */
function nodesFrom(tables: Tables, level: number, index: number): ReturnType<Tables['nodes']> {
  try {
    return tables.nodes(level, index, READ_NODES);
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}

function* keptFrom(tables: Tables, { start, end }: Bounds): Generator<string> {
  let size = start;
  while (size < end) {
    const page = tables.kept(size, READ_KEPT);
    for (const row of page) if (row.size <= end) yield row.note;
    const last = page.at(-1);
    if (last === undefined) return;
    size = last.size;
  }
}
