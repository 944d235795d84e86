/**
 * The auditor's export: one JSON object a line, so that a file of any length is written and read as a stream. Owns the
 * schema of each line; docs/audit-verify.md tells their order. Whoever writes one uses `formatLine`.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const closed = { additionalProperties: false } as const;
const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 32_768 });
const Note = Type.String({ maxLength: 8192 });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Hashes = Type.Array(Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }), { maxItems: 64 });

/** The first line. `question` says in words what was asked for; it proves nothing. */
const HeadLine = Type.Object(
  {
    kind: Type.Literal('export'),
    format: Type.Literal('wardlock-audit-export/1'),
    workstation: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    created: Type.String({ maxLength: 40 }),
    question: Type.String({ maxLength: 400 }),
  },
  closed,
);
/**
 * Begins a section: one incarnation and the checkpoint that all its proofs lead to. The note carries every signature line
 * that is known for this size: log key, epoch key, cosignatures.
 */
const LogLine = Type.Object(
  { kind: Type.Literal('log'), incarnation: Type.String({ pattern: '^[0-9a-f]{16}$' }), checkpoint: Note },
  closed,
);
/**
 * The place of this log in the server's log of logs: the newest of its checkpoints there that is not beyond the section's, as
 * the entry is, with its C2SP tlog-proof in a checkpoint of the log of logs and the consistency proof from the one checkpoint to
 * the other. Null: it has no place there yet.
 */
const PublishedLine = Type.Object(
  {
    kind: Type.Literal('published'),
    place: Type.Union([
      Type.Null(),
      Type.Object({ entry: Base64, proof: Type.String({ maxLength: 16_384 }), consistency: Hashes }, closed),
    ]),
  },
  closed,
);
/**
 * Certificate of an epoch: its opening entry with the inclusion proof in the section's checkpoint. `certificate` is the
 * C2SP tlog-proof of the same entry in the closing checkpoint of the epoch before, which log key and old key signed.
 * `secret` is E, so that anyone can decrypt this epoch's entries and see that `event` is what was sealed.
 */
const EpochLine = Type.Object(
  {
    kind: Type.Literal('epoch'),
    seq: Count,
    entry: Base64,
    proof: Hashes,
    certificate: Type.Union([Type.Null(), Type.String({ maxLength: 16_384 })]),
    secret: Type.Union([Type.Null(), Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' })]),
  },
  closed,
);
/** A contiguous run of entries [start, end): inclusion proofs of its first and last entry bind all between. */
const RunLine = Type.Object({ kind: Type.Literal('run'), start: Count, end: Count, first: Hashes, last: Hashes }, closed);
/** `event` is the decrypted event, or null where the exporter could not or must not decrypt. */
const EntryLine = Type.Object(
  { kind: Type.Literal('entry'), seq: Count, entry: Base64, event: Type.Union([Type.Null(), Type.String({ maxLength: 20_000 })]) },
  closed,
);
/** Entries [start, end) that retention destroyed; `statement` is the mirror's, of core/audit/prune.ts. */
const PrunedLine = Type.Object({ kind: Type.Literal('pruned'), start: Count, end: Count, statement: Note }, closed);
/** The last line: an export without it was cut off. */
const EndLine = Type.Object({ kind: Type.Literal('end'), entries: Count }, closed);

const ExportLine = Type.Union([HeadLine, LogLine, PublishedLine, EpochLine, RunLine, PrunedLine, EntryLine, EndLine]);
export type ExportLine = Static<typeof ExportLine>;
export type ExportLineOf<K extends ExportLine['kind']> = Extract<ExportLine, { kind: K }>;

/** Longest line that is read, in characters: the largest entry in base64 and its event. */
export const MAX_LINE = 64 * 1024;

const validator = Compile(ExportLine);

/** One line with its line feed. */
export function formatLine(line: ExportLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** `undefined` for a line that is not of the format. */
export function parseLine(text: string): ExportLine | undefined {
  if (text.length > MAX_LINE) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return validator.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
