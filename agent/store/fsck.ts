/**
 * The check at start: from the last but one signed checkpoint to the head, then against the anchor and the receipt. Owns
 * where it begins; the whole history is `audit verify`'s business, and the server's.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange, type TreeNode } from '../../core/audit/compact.ts';
import { verifyCosignature } from '../../core/audit/cosignature.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { type TreeHasher, treeHasher } from '../../core/audit/hasher.ts';
import type { NoteVerifier } from '../../core/audit/note.ts';
import { BLOCK_LEVEL, isStoredLevel } from '../../core/audit/verify/recovering-tree.ts';
import type { LogSource, LogStart } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord } from './anchor.ts';
import { isDamage, type StoreDatabase } from './database.ts';
import { checkMeta } from './meta.ts';
import { frontierAt, storedNodes } from './nodes.ts';
import { readPruned, storeSource } from './source.ts';
import { startAt } from './start.ts';
import { type KeptRow, storeTables, type Tables } from './tables.ts';

/** What a store is held against. */
export interface HeldAgainst {
  readonly anchor: AnchorRecord | undefined;
  /** The server's mirror key, as of enrolment. */
  readonly receiptKey: NoteVerifier | undefined;
}

/**
 * Faults from the last verified checkpoint to the end; empty when the log may be continued. When the stored tree does not
 * lead to the signed root, the whole log is read: either its entries are wrong, or only the index was forged.
 */
export function checkStore(db: StoreDatabase, crypto: AuditCrypto, against: HeldAgainst): readonly Fault[] {
  const tables = storeTables(db);
  try {
    checkMeta(tables);
    const start = startOf(tables, crypto);
    const source = storeSource(tables, against, start);
    const faults =
      start === undefined
        ? undefined
        : [...checkBehind(tables, crypto, source), ...checkPruned(tables, source, against), ...verifyLog(crypto, source)];
    if (faults !== undefined && (faults.some(({ code }) => code !== 'ANCHOR_MISSING') || indexLeadsToHead(tables, crypto))) return faults;
  } catch (error) {
    if (!isWardlockError(error) && !isDamage(error)) throw error;
  }
  return checkWhole(db, crypto, against);
}

function checkWhole(db: StoreDatabase, crypto: AuditCrypto, against: HeldAgainst): readonly Fault[] {
  const tables = storeTables(db);
  try {
    checkMeta(tables);
    const source = storeSource(tables, against, readPruned(tables));
    const faults = [...checkPruned(tables, source, against), ...verifyLog(crypto, source)];
    if (faults.some(({ code }) => code !== 'ANCHOR_MISSING')) return faults;
    rebuildIndex(db, tables, treeHasher(crypto));
    return [...faults, { code: 'INDEX_FORGED' }];
  } catch (error) {
    if (!isWardlockError(error) && !isDamage(error)) throw error;
    return [{ code: 'STORE_DAMAGED', detail: error.message }];
  }
}

/** Anchor and receipts that are behind the place where verification starts: the log must extend them. */
function checkBehind(tables: Tables, crypto: AuditCrypto, source: LogSource): readonly Fault[] {
  const fits = (note: string): boolean => {
    const { size } = parseCheckpoint(note).checkpoint;
    // Of what was pruned nothing is left to compare: checkPruned asks what speaks for it.
    return size >= source.start.size || size < readPruned(tables).size || leadsTo(tables, crypto, note);
  };
  const faults: Fault[] = [];
  if (source.anchor !== undefined && !fits(source.anchor)) faults.push({ code: 'ANCHOR_FORKED' });
  if (!source.receipts.every(fits)) faults.push({ code: 'RECEIPT_FORKED' });
  return faults;
}

/** Whether the stored hashes give the root that a checkpoint states. */
function leadsTo(tables: Tables, crypto: AuditCrypto, note: string): boolean {
  const hasher = treeHasher(crypto);
  const { size, root } = parseCheckpoint(note).checkpoint;
  return equalBytes(frontierAt(hasher, size, storedNodes(tables, hasher, readPruned(tables))).root(), root);
}

/**
 * Entries are pruned only under a receipt. Without a valid one of this log that covers them, whoever holds the disk has taken them
 * away; that its root is that of the log is asked of every receipt. An anchor older than what was pruned says nothing of the rest.
 */
function checkPruned(tables: Tables, source: LogSource, { receiptKey }: HeldAgainst): readonly Fault[] {
  const { size: pruned } = readPruned(tables);
  if (pruned === 0) return [];
  const faults: Fault[] = [];
  const proves = (note: string): boolean => {
    const { note: signed, checkpoint } = parseCheckpoint(note);
    const covers = checkpoint.origin === logOrigin(source.log) && checkpoint.size >= pruned;
    return covers && receiptKey !== undefined && verifyCosignature(signed, receiptKey) !== undefined;
  };
  if (!source.receipts.some(proves)) faults.push({ code: 'PRUNED_UNPROVEN', range: { from: 0, to: pruned - 1 } });
  const anchored = source.anchor === undefined ? undefined : parseCheckpoint(source.anchor).checkpoint.size;
  if (anchored !== undefined && anchored < pruned)
    faults.push({ code: 'ANCHOR_MISSING', detail: `It names ${anchored} entries, all of them pruned, so it says nothing of the others.` });
  return faults;
}

/** Whether the stored subtrees give the root of the head: the writer goes on from them. */
function indexLeadsToHead(tables: Tables, crypto: AuditCrypto): boolean {
  const head = tables.head();
  return head !== undefined && leadsTo(tables, crypto, head.note);
}

/** Computes the stored subtrees again from entries that were just verified. */
function rebuildIndex(db: StoreDatabase, tables: Tables, hasher: TreeHasher): void {
  const source = storeSource(tables, {});
  const range = CompactRange.frontier(hasher, source.start.size, source.start.hashes);
  const keep = (node: TreeNode): void => {
    if (isStoredLevel(node.level)) tables.insertNode(node);
  };
  db.transaction(() => {
    for (const { bytes } of source.entries()) range.append(hasher.leaf(bytes), keep, BLOCK_LEVEL);
  })();
}

/** The state at the last but one kept checkpoint; `undefined` when its root is not the one that was signed. */
function startOf(tables: Tables, crypto: AuditCrypto): LogStart | undefined {
  const pruned = readPruned(tables);
  const row = lastButOneKept(tables);
  if (row === undefined || row.size <= pruned.size + 1) return pruned;
  return startAt(tables, crypto, row);
}

function lastButOneKept(tables: Tables): KeptRow | undefined {
  const last = tables.lastKept();
  return last === undefined ? undefined : tables.keptBefore(last.size);
}
