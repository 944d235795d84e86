/**
 * What the syncer and proofs read of the log: batches with the checkpoint that covers them, consistency and inclusion.
 * Owns where a batch ends; must never hand out an entry that no signed checkpoint covers.
 */

import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { consistencyProof, inclusionProof, type NodeReader, subtreeHash } from '../../core/audit/merkle.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { HashLookup } from './hash-pages.ts';
import { type Pruned, storedNodes } from './nodes.ts';
import type { Tables } from './tables.ts';

export interface ReadLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export interface Batch {
  readonly start: number;
  readonly entries: readonly Uint8Array[];
  /** The epoch's closing checkpoint, or the head where the epoch is still open. */
  readonly checkpoint: string;
  /** From the batch's end to the checkpoint's size; empty when they are the same. */
  readonly proof: readonly Uint8Array[];
}

export interface LogView {
  readonly tables: Tables;
  readonly hasher: TreeHasher;
  readonly pruned: Pruned;
  readonly head: string;
  readonly size: number;
  /** Looks stored hashes up and remembers them, where the log is kept open. */
  readonly hashes?: HashLookup;
}

/** Raw entries from `start` on, within one epoch; at least one where there is one. */
export function readBatch(view: LogView, start: number, limits: ReadLimits): Batch {
  checkRange(view, start, view.size);
  const kept = view.tables.kept(start, 1)[0];
  const checkpoint = kept?.note ?? view.head;
  const end = kept?.size ?? view.size;
  const entries: Uint8Array[] = [];
  let bytes = 0;
  for (const entry of view.tables.entries(start, Math.max(1, Math.min(limits.maxEntries, end - start)))) {
    bytes += entry.bytes.length;
    // A gap, which only a log that was replaced can have.
    if (entry.seq !== start + entries.length) break;
    if (entries.length > 0 && bytes > limits.maxBytes) break;
    entries.push(entry.bytes);
  }
  return { start, entries, checkpoint, proof: consistency(view, start + entries.length, end) };
}

/** RFC 6962 PROOF between two sizes of this log. */
export function consistency(view: LogView, from: number, to: number): readonly Uint8Array[] {
  if (from > to || to > view.size) throw unavailable(`The log has ${view.size} entries.`);
  return consistencyProof(view.hasher, from, to, nodesOf(view));
}

/** RFC 6962 PATH of an entry in the tree of `size` entries. */
export function inclusion(view: LogView, seq: number, size: number): readonly Uint8Array[] {
  if (size > view.size || seq >= size) throw unavailable(`The log has ${view.size} entries.`);
  return inclusionProof(view.hasher, seq, size, nodesOf(view));
}

/** The root of the first `size` entries. */
export function rootAt(view: LogView, size: number): Uint8Array {
  if (size === view.size) return parseCheckpoint(view.head).checkpoint.root;
  return subtreeHash(view.hasher, 0, size, nodesOf(view));
}

function nodesOf({ tables, hasher, pruned, hashes }: LogView): NodeReader {
  return storedNodes(tables, hasher, pruned, hashes);
}

function checkRange(view: LogView, start: number, end: number): void {
  if (start < view.pruned.size) throw unavailable(`Entries before ${view.pruned.size} were pruned after their receipt.`);
  if (start > end) throw unavailable(`The log has ${view.size} entries.`);
}

function unavailable(detail: string): WardlockError {
  return new WardlockError('AUDIT_RANGE_UNAVAILABLE', detail);
}
