/**
 * Takes entries in: judged as a whole, stored in one durable transaction, receipted after the commit. The same bytes again
 * are welcome, other bytes for the same place are evidence. It holds no key that decrypts.
 */
import type { Kysely } from 'kysely';
import {
  type AuditCrypto,
  CompactRange,
  cosign,
  equalBytes,
  formatCheckpoint,
  formatNote,
  fromHex,
  INCARNATION_BYTES,
  type LogId,
  logOrigin,
  type NamedSigner,
  type NoteVerifier,
  parseCheckpoint,
  type SignedCheckpoint,
  type TreeHasher,
  verifyNoteAside,
  WORKSTATION_BYTES,
} from '../../core/audit/index.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { emptyLog, judgeBatch, type LogState, type Verdict } from '../../core/intake/batch.ts';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import type { Envelopes, Stripped } from './envelopes.ts';
import { keepEvidence } from './evidence.ts';
import { advance, type LogName, packEntries, readLeafHashes, readLog } from './logs.ts';
import { beginLog, tellingOfTooMany } from './new-logs.ts';

export interface Upload extends LogName {
  /** The seat's log key as its enrolment fixed it. */
  readonly logKey: string;
  readonly start: number;
  readonly note: string;
  readonly proof: readonly Uint8Array[];
  readonly entries: readonly Uint8Array[];
}

export type Taken =
  | { readonly outcome: 'stored' | 'known'; readonly size: number; readonly receipt: string }
  /** The upload does not start where the log ends. */
  | { readonly outcome: 'elsewhere'; readonly size: number };

export interface Intake {
  /** @throws WardlockError INTAKE_UNVERIFIED, INTAKE_DIFFERENT_BYTES, INTAKE_TOO_MANY_LOGS */
  take(upload: Upload): Promise<Taken>;
  /** The mirror's cosigned checkpoint over everything that is stored; null for an empty or unknown log. */
  receipt(name: LogName): Promise<string | null>;
}

interface IntakeParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
  readonly mirror: NamedSigner;
  readonly logKeyOf: (vkey: string) => NoteVerifier;
  readonly envelopes: Envelopes;
  readonly now: () => number;
  /** Told after each commit of new entries. */
  readonly onStored: (name: LogName, entries: number) => void;
}

export function openIntake(parts: IntakeParts): Intake {
  return {
    take: async (upload) => {
      const taken = await tellingOfTooMany(parts, upload, () => place(parts, upload));
      if (taken.outcome === 'elsewhere') return taken;
      if (taken.outcome === 'stored') parts.onStored(upload, taken.added);
      return { outcome: taken.outcome, size: taken.state.size, receipt: receiptFor(parts, upload, taken.state) };
    },
    receipt: async (name) => {
      const log = await readLog(parts.db, name);
      return log === null || log.state.size === 0 ? null : receiptFor(parts, name, log.state);
    },
  };
}

type Placed =
  | { readonly outcome: 'stored'; readonly state: LogState; readonly added: number }
  | { readonly outcome: 'known'; readonly state: LogState }
  | { readonly outcome: 'elsewhere'; readonly size: number };

async function place(parts: IntakeParts, upload: Upload): Promise<Placed> {
  const { db, now } = parts;
  const stored = await readLog(db, upload);
  const state = stored?.state ?? emptyLog;
  if (upload.start > state.size) {
    if (await reachesThere(parts, upload)) await alarmOfLoss(parts, upload, state.size);
    return { outcome: 'elsewhere', size: state.size };
  }
  const overlap = Math.min(upload.entries.length, state.size - upload.start);
  await refuseOtherBytes(parts, upload, overlap);
  const entries = upload.entries.slice(overlap);
  if (entries.length === 0 && overlap > 0) return { outcome: 'known', state };
  const logKey = parts.logKeyOf(upload.logKey);
  const pinned = stored?.pinned ?? { size: 0, root: new Uint8Array(), note: '' };
  const verdict = judgeBatch(parts, state, { log: logIdOf(upload), entries, note: upload.note, proof: upload.proof, logKey, pinned });
  if (!verdict.accepted) {
    await keepRefused(parts, upload, { kind: verdict.fault, detail: `${verdict.fault}: ${verdict.detail}` });
    throw new WardlockError('INTAKE_UNVERIFIED', `${verdict.fault}: ${verdict.detail} Nothing was stored.`);
  }
  const stripped = await parts.envelopes.strip(upload, state.size, entries);
  const won = await db.transaction().execute(async (transaction) => {
    if (stored === null) await beginLog(transaction, upload, now());
    const change = { from: state.size, pinned: pinned.size, to: verdict.state, note: upload.note };
    if (!(await advance(transaction, upload, change))) return false;
    await store(transaction, upload, { from: state.size, stripped, verdict, at: now() });
    if (verdict.anchorProven === false) await alarmOfUnproven(transaction, upload, { size: pinned.size, at: now() });
    if (verdict.birth !== null) await alarmUnlessFirst(transaction, upload, { birth: verdict.birth, at: now() });
    return true;
  });
  // Another request was first: what it stored or anchored decides now, and these bytes must be the same or follow.
  return won ? { outcome: 'stored', state: verdict.state, added: entries.length } : place(parts, upload);
}

/**
 * Whether the seat's log key, which its syncer does not have, signed a checkpoint of this log that covers the upload. Whoever has
 * the key of the connection alone could name logs and places that never were, and bury what people must see.
 */
async function reachesThere({ logKeyOf }: IntakeParts, upload: Upload): Promise<boolean> {
  const signed = checkpointOf(upload);
  if (signed === null || signed.checkpoint.size < upload.start + upload.entries.length) return false;
  return verifyNoteAside(signed.note, logKeyOf(upload.logKey));
}

/** Null for what is no checkpoint, or of another log. */
function checkpointOf(upload: Upload): SignedCheckpoint | null {
  try {
    const signed = parseCheckpoint(upload.note);
    return signed.checkpoint.origin === logOrigin(logIdOf(upload)) ? signed : null;
  } catch (error) {
    if (isWardlockError(error)) return null;
    throw error;
  }
}

/** A seat goes on from its last receipt: when that lies beyond what is stored here, this database lost acknowledged entries. */
async function alarmOfLoss({ db, now }: IntakeParts, { workstationId, incarnation }: LogName, size: number): Promise<void> {
  const detail = `The seat holds a receipt for more than the ${size} entries of log ${incarnation} that are stored here: this database was restored from a backup or lost data. The seat sends them again as far as it has them.`;
  await raiseAlarm(db, { workstationId, kind: 'SERVER_LOST_ENTRIES', detail, at: now() });
}

interface Accepted {
  readonly from: number;
  readonly stripped: Stripped;
  readonly verdict: Extract<Verdict, { accepted: true }>;
  readonly at: number;
}

const insertSegment = hotQuery(
  {
    workstation_id: given.text(),
    incarnation: given.text(),
    start: given.number(),
    count: given.number(),
    entries: given.bytes(),
    leaf_hashes: given.bytes(),
    note: given.text(),
    received_at: given.number(),
  },
  (db, segment) => db.insertInto('segments').values(segment),
);

async function store(db: Kysely<Tables>, upload: Upload, { from, stripped, verdict, at }: Accepted): Promise<void> {
  const { workstationId: workstation_id, incarnation, note } = upload;
  const { entries, envelopes } = stripped;
  // In the place of what a log left behind that was dropped here and is sent again.
  for (const { workstation_id: seat, incarnation: log, seq, key_id, sealed } of envelopes) {
    await db
      .insertInto('epoch_envelopes')
      .values({ workstation_id: seat, incarnation: log, seq, key_id, sealed })
      .onConflict((c) => c.columns(['workstation_id', 'incarnation', 'seq']).doUpdateSet({ key_id, sealed }))
      .execute();
  }
  await insertSegment(db, {
    workstation_id,
    incarnation,
    start: from,
    count: entries.length,
    entries: packEntries(entries),
    leaf_hashes: Buffer.concat(verdict.leafHashes),
    note,
    received_at: at,
  });
  if (verdict.closing || from === 0) {
    await db.insertInto('checkpoints').values({ workstation_id, incarnation, size: verdict.state.size, note }).execute();
  }
}

async function refuseOtherBytes(parts: IntakeParts, upload: Upload, overlap: number): Promise<void> {
  if (overlap <= 0) return;
  const known = await readLeafHashes(parts.db, upload, { from: upload.start, to: upload.start + overlap });
  const at = known.findIndex((leaf, index) => !equalBytes(leaf, parts.hasher.leaf(upload.entries[index] ?? new Uint8Array())));
  if (at < 0 && known.length === overlap) return;
  const place = upload.start + Math.max(at, 0);
  const detail = `The seat sent other bytes for entry ${place} than the server holds: a clone, a restored disk or tampering. Both are kept.`;
  await keepRefused(parts, upload, { kind: 'INTAKE_DIFFERENT_BYTES', detail });
  throw new WardlockError('INTAKE_DIFFERENT_BYTES');
}

/** What was refused, as it came. */
async function keepRefused(
  { db, now }: IntakeParts,
  upload: Upload,
  why: { readonly kind: string; readonly detail: string },
): Promise<void> {
  const bytes = packEntries([Buffer.from(upload.note), Buffer.concat(upload.proof), ...upload.entries]);
  const { workstationId, incarnation, start } = upload;
  await keepEvidence(db, { workstationId, incarnation, start, ...why, bytes, at: now() });
}

/** The log key outlives epochs: whoever stole it alone can anchor, but not sign as the epoch. */
async function alarmOfUnproven(
  db: Kysely<Tables>,
  { workstationId, incarnation }: LogName,
  { size, at }: { readonly size: number; readonly at: number },
): Promise<void> {
  const detail = `The checkpoint of ${size} entries of log ${incarnation} was anchored without the signature of its epoch: its log key may be used by somebody else. Look at the seat, and enrol it again.`;
  await raiseAlarm(db, { workstationId, kind: 'SEAT_ANCHOR_UNPROVEN', detail, at });
}

/** A log that does not begin at the enrolment, or a second one that says it does, needs a person's eye. */
async function alarmUnlessFirst(
  db: Kysely<Tables>,
  { workstationId, incarnation }: LogName,
  { birth, at }: { readonly birth: 'enrolment' | 'replacement'; readonly at: number },
): Promise<void> {
  const other = await db
    .selectFrom('logs')
    .select('incarnation')
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '!=', incarnation)
    .limit(1)
    .executeTakeFirst();
  if (birth === 'enrolment' && other === undefined) return;
  const detail = `The seat began a new log (${incarnation}) after its enrolment: its store was lost, rolled back or replaced, or was full or broken and its emergency log was used. Look at the end of the one before.`;
  await raiseAlarm(db, { workstationId, kind: 'SEAT_LOG_REPLACED', detail, at });
}

function receiptFor({ crypto, hasher, mirror, now }: IntakeParts, name: LogName, state: LogState): string {
  const root = CompactRange.frontier(hasher, state.size, state.frontier).root();
  const text = formatCheckpoint({ origin: logOrigin(logIdOf(name)), size: state.size, root });
  return formatNote({ text, signatures: [cosign(crypto, text, mirror, Math.floor(now() / 1000))] });
}

export function logIdOf({ workstationId, incarnation }: LogName): LogId {
  return { workstation: fromHex(workstationId, WORKSTATION_BYTES), incarnation: fromHex(incarnation, INCARNATION_BYTES) };
}
