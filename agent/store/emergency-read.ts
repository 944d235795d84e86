/**
 * Hands the runs of the emergency log to the syncer in the same form as the main log's batches. Owns nothing durable.
 */
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { consistencyProof, type NodeReader } from '../../core/audit/merkle.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { EmergencyRun } from './emergency-file.ts';
import type { Batch, ReadLimits } from './reader.ts';

export function readEmergencyBatch(run: EmergencyRun, hasher: TreeHasher, start: number, limits: ReadLimits): Batch {
  if (start > run.entries.length)
    throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `The emergency log has ${run.entries.length} entries.`);
  const marks = [...run.kept, run.head].map((note) => ({ note, size: parseCheckpoint(note).checkpoint.size }));
  const mark = marks.find(({ size }) => size > start) ?? { note: run.head, size: run.entries.length };
  const entries: Uint8Array[] = [];
  let bytes = 0;
  for (const entry of run.entries.slice(start, Math.min(mark.size, start + Math.max(1, limits.maxEntries)))) {
    bytes += entry.length;
    if (entries.length > 0 && bytes > limits.maxBytes) break;
    entries.push(entry);
  }
  return { start, entries, checkpoint: mark.note, proof: emergencyConsistency(run, hasher, start + entries.length, mark.size) };
}

export function emergencyConsistency(run: EmergencyRun, hasher: TreeHasher, from: number, to: number): readonly Uint8Array[] {
  if (from > to || to > run.entries.length) throw new WardlockError('AUDIT_RANGE_UNAVAILABLE');
  return consistencyProof(hasher, from, to, nodesOf(run, hasher));
}

/** The root of the first `size` entries of a run. */
export function emergencyRoot(run: EmergencyRun, hasher: TreeHasher, size: number): Uint8Array {
  const range = CompactRange.empty(hasher);
  for (const entry of run.entries.slice(0, size)) range.append(hasher.leaf(entry));
  return range.root();
}

function nodesOf(run: EmergencyRun, hasher: TreeHasher): NodeReader {
  return (level, index) => {
    const begin = index * 2 ** level;
    const range = CompactRange.empty(hasher, begin);
    for (const entry of run.entries.slice(begin, begin + 2 ** level)) range.append(hasher.leaf(entry));
    return range.nodes[0]?.hash ?? hasher.emptyRoot;
  };
}
