/**
 * The check at start: from the last but one signed checkpoint to the head, then against the anchor and the receipt. Owns
 * where it begins; the whole history is `audit verify`'s business, and the server's.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { entryBody } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import type { LogStart } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord } from './anchor.ts';
import { frontierAt, storedNodes } from './nodes.ts';
import { readPruned, storeSource } from './source.ts';
import type { KeptRow, Tables } from './tables.ts';

/** Faults from the last verified checkpoint to the end; empty when the log may be continued. */
export function checkTail(tables: Tables, crypto: AuditCrypto, anchor: AnchorRecord | undefined): readonly Fault[] {
  try {
    const start = startOf(tables, crypto);
    if ('code' in start) return [start];
    return [...verifyLog(crypto, storeSource(tables, anchor, start))];
  } catch (error) {
    if (!isWardlockError(error)) throw error;
    return [{ code: 'STORE_DAMAGED', detail: error.message }];
  }
}

/** The state at the last but one kept checkpoint, whose root must be the one that was signed. */
function startOf(tables: Tables, crypto: AuditCrypto): LogStart | Fault {
  const pruned = readPruned(tables);
  const row = lastButOneKept(tables);
  if (row === undefined || row.size <= pruned.size + 1) return pruned;
  const hasher = treeHasher(crypto);
  const node = storedNodes(tables, hasher, pruned);
  const frontier = frontierAt(hasher, row.size, node);
  const { checkpoint } = parseCheckpoint(row.note);
  if (!equalBytes(frontier.root(), checkpoint.root)) return { code: 'CHECKPOINT_ROOT', range: { from: pruned.size, to: row.size - 1 } };
  const hashes = frontier.nodes.map((part) => part.hash);
  const opening = tables.entry(row.size - 1);
  if (opening === undefined) return { code: 'ENTRY_MISSING', range: { from: row.size - 1, to: row.size - 1 } };
  const { publicKey } = parseEpochBody(entryBody(opening));
  const number = row.size === 1 ? 0 : row.epoch + 1;
  return { size: row.size, hashes, epoch: { number, publicKey } };
}

function lastButOneKept(tables: Tables): KeptRow | undefined {
  const last = tables.lastKept();
  return last === undefined ? undefined : tables.keptBefore(last.size);
}
