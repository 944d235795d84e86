/** An auditor's export of a log in memory, line by line as the server writes it. Test helper only. */
import { toBase64, toHex } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import { cosign, withSignature } from '../../core/audit/cosignature.ts';
import type { Signer } from '../../core/audit/crypto.ts';
import { KIND_EPOCH, parseHeader } from '../../core/audit/entry.ts';
import { deriveEpochKeys, type EpochKeys, openEpochSecret } from '../../core/audit/epoch.ts';
import type { ExportLine } from '../../core/audit/export/lines.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { inclusionProof, type NodeReader } from '../../core/audit/merkle.ts';
import { formatTlogProof } from '../../core/audit/proofs.ts';
import { openEntry } from '../../core/audit/seal.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { MemoryLog } from './memory-log.ts';

const hasher = treeHasher(nodeCrypto);

/** The complete subtrees of a log. */
export function nodesOf(log: MemoryLog): NodeReader {
  return (level, index) => {
    const range = CompactRange.empty(hasher, index * 2 ** level);
    for (let at = range.begin; at < range.begin + 2 ** level; at += 1) range.append(hasher.leaf(entryOf(log, at)));
    return range.nodes[0]?.hash ?? hasher.emptyRoot;
  };
}

/** RFC 6962 PATH of an entry in the first `size` entries of a log. */
export function proofIn(log: MemoryLog, seq: number, size: number): readonly Uint8Array[] {
  return inclusionProof(hasher, seq, size, nodesOf(log));
}

function entryOf(log: MemoryLog, seq: number): Uint8Array {
  return log.entries.get(seq) ?? new Uint8Array(0);
}

/** The lines of an honest export of [start, end). */
export function honestExport(
  source: MemoryLog,
  { start, end }: { readonly start: number; readonly end: number },
  mirror: { readonly name: string; readonly signer: Signer },
): ExportLine[] {
  const entry = (seq: number): Uint8Array => entryOf(source, seq);
  const proof = (seq: number, size: number): string[] => proofIn(source, seq, size).map(toBase64);
  const head = parseCheckpoint(source.head);
  const { size } = head.checkpoint;
  const checkpoint = withSignature(head.note, cosign(nodeCrypto, head.note.text, mirror, 1_700_000_000));
  const keys = new Map<number, EpochKeys>();
  const lines: ExportLine[] = [
    {
      kind: 'export',
      format: 'wardlock-audit-export/1',
      workstation: toHex(source.log.workstation),
      created: '2026-01-01T00:00:00Z',
      question: 'a test',
    },
    { kind: 'log', incarnation: toHex(source.log.incarnation), checkpoint },
  ];
  const needed = new Set(Array.from({ length: end - start }, (_, at) => parseHeader(entry(start + at)).epoch));
  const signing = parseHeader(entry(size - 1)).epoch;
  for (const [seq, bytes] of source.entries) {
    const header = parseHeader(bytes);
    if (header.kind !== KIND_EPOCH || (!needed.has(header.epoch) && header.epoch !== signing)) continue;
    const opened = openEpochSecret(nodeCrypto, bytes, header, source.readerKey);
    if (opened.outcome !== 'opened') throw new RangeError(opened.outcome);
    keys.set(header.epoch, deriveEpochKeys(nodeCrypto, opened.secret, header));
    const closing = source.kept.find((kept) => kept.size === seq + 1)?.note ?? '';
    const certificate = formatTlogProof({ index: seq, hashes: proofIn(source, seq, seq + 1), checkpoint: closing });
    lines.push({
      kind: 'epoch',
      seq,
      entry: toBase64(bytes),
      proof: proof(seq, size),
      certificate,
      secret: needed.has(header.epoch) ? toBase64(opened.secret) : null,
    });
  }
  lines.push({ kind: 'run', start, end, first: proof(start, size), last: proof(end - 1, size) });
  for (let seq = start; seq < end; seq += 1) {
    const header = parseHeader(entry(seq));
    const epochKeys = keys.get(header.epoch);
    const event = header.kind === KIND_EPOCH || epochKeys === undefined ? null : (openEntry(epochKeys, entry(seq)) ?? null);
    lines.push({ kind: 'entry', seq, entry: toBase64(entry(seq)), event });
  }
  lines.push({ kind: 'end', entries: end - start });
  return lines;
}
