/**
 * The state of a stored log at one of its kept checkpoints, for a verifier that begins there. Owns nothing: the frontier comes
 * from stored hashes and is believed only where its root is the one that was signed.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { entryBody } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import type { LogStart } from '../../core/audit/verify/source.ts';
import { frontierAt, storedNodes } from './nodes.ts';
import { readPruned } from './source.ts';
import type { KeptRow, Tables } from './tables.ts';

/** `undefined` when the stored hashes do not lead to the signed root, or the entry that opens the epoch is gone. */
export function startAt(tables: Tables, crypto: AuditCrypto, row: KeptRow): LogStart | undefined {
  const hasher = treeHasher(crypto);
  const frontier = frontierAt(hasher, row.size, storedNodes(tables, hasher, readPruned(tables)));
  if (!equalBytes(frontier.root(), parseCheckpoint(row.note).checkpoint.root)) return undefined;
  const opening = tables.entry(row.size - 1);
  if (opening === undefined) return undefined;
  const { publicKey } = parseEpochBody(entryBody(opening));
  const number = row.size === 1 ? 0 : row.epoch + 1;
  return { size: row.size, hashes: frontier.nodes.map((part) => part.hash), epoch: { number, publicKey } };
}
