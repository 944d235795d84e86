/**
 * The check at start: from the last but one signed checkpoint to the head, then against the anchor and the receipt. Owns
 * where it begins; the whole history is `audit verify`'s business, and the server's.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange, type TreeNode } from '../../core/audit/compact.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { type TreeHasher, treeHasher } from '../../core/audit/hasher.ts';
import { BLOCK_LEVEL } from '../../core/audit/verify/recovering-tree.ts';
import type { LogSource, LogStart } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord } from './anchor.ts';
import { isDamage, type StoreDatabase } from './database.ts';
import { frontierAt, storedNodes } from './nodes.ts';
import { readPruned, storeSource } from './source.ts';
import { startAt } from './start.ts';
import { type KeptRow, storeTables, type Tables } from './tables.ts';

/**
 * Faults from the last verified checkpoint to the end; empty when the log may be continued. When the stored tree does not
 * lead to the signed root, the whole log is read: either its entries are wrong, or only the index was forged.
 */
export function checkStore(db: StoreDatabase, crypto: AuditCrypto, anchor: AnchorRecord | undefined): readonly Fault[] {
  const tables = storeTables(db);
  try {
    const start = startOf(tables, crypto);
    const source = storeSource(tables, { anchor }, start);
    const faults = start === undefined ? undefined : [...checkBehind(tables, crypto, source), ...verifyLog(crypto, source)];
    if (faults !== undefined && (faults.length > 0 || indexLeadsToHead(tables, crypto))) return faults;
  } catch (error) {
    if (!isWardlockError(error) && !isDamage(error)) throw error;
  }
  return checkWhole(db, crypto, anchor);
}

function checkWhole(db: StoreDatabase, crypto: AuditCrypto, anchor: AnchorRecord | undefined): readonly Fault[] {
  const tables = storeTables(db);
  try {
    const faults = [...verifyLog(crypto, storeSource(tables, { anchor }))];
    if (faults.length > 0) return faults;
    rebuildIndex(db, tables, treeHasher(crypto));
    return [{ code: 'INDEX_FORGED' }];
  } catch (error) {
    if (!isWardlockError(error) && !isDamage(error)) throw error;
    return [{ code: 'STORE_DAMAGED', detail: error.message }];
  }
}

/** Anchor and receipts that are behind the place where verification starts: the log must extend them. */
function checkBehind(tables: Tables, crypto: AuditCrypto, source: LogSource): readonly Fault[] {
  const hasher = treeHasher(crypto);
  const pruned = readPruned(tables);
  const node = storedNodes(tables, hasher, pruned);
  const fits = (note: string): boolean => {
    const { size, root } = parseCheckpoint(note).checkpoint;
    return size >= source.start.size || size <= pruned.size || equalBytes(frontierAt(hasher, size, node).root(), root);
  };
  const faults: Fault[] = [];
  if (source.anchor !== undefined && !fits(source.anchor)) faults.push({ code: 'ANCHOR_FORKED' });
  if (!source.receipts.every(fits)) faults.push({ code: 'RECEIPT_FORKED' });
  return faults;
}

/** Whether the stored subtrees give the root of the head: the writer goes on from them. */
function indexLeadsToHead(tables: Tables, crypto: AuditCrypto): boolean {
  const head = tables.head();
  if (head === undefined) return false;
  const { size, root } = parseCheckpoint(head.note).checkpoint;
  const hasher = treeHasher(crypto);
  return equalBytes(frontierAt(hasher, size, storedNodes(tables, hasher, readPruned(tables))).root(), root);
}

/** Computes the stored subtrees again from entries that were just verified. */
function rebuildIndex(db: StoreDatabase, tables: Tables, hasher: TreeHasher): void {
  const source = storeSource(tables, {});
  const range = CompactRange.frontier(hasher, source.start.size, source.start.hashes);
  const keep = (node: TreeNode): void => void tables.insertNode(node);
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
