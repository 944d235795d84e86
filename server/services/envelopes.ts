/**
 * Keeps the envelopes of epochs apart from the entries they belong to. Intake cuts them out of the entry that opens an epoch
 * and seals them to the period's public key, which needs no secret; only a process that holds the period's private key puts
 * them back. So the bytes that were hashed can be had again exactly until the key is destroyed, and never after that.
 */
import type { Kysely } from 'kysely';
import { epochBodyLength } from '../../core/audit/epoch.ts';
import { type AuditCrypto, HEADER_BYTES, KIND_EPOCH } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { type LogName, readStored } from './logs.ts';
import type { PeriodKey, PeriodKeys } from './period-keys.ts';

const INFO = 'wardlock-epoch-envelopes/1';
/** The byte of the header that names the kind: each entry of each upload is asked. */
const KIND_AT = 2;
const ENCAPSULATED_BYTES = 32;
/** Where the envelopes stand in an entry that opens an epoch: after the count, in slots of one size. */
const ENVELOPES_AT = HEADER_BYTES + epochBodyLength(0, false);
const ENVELOPE_BYTES = epochBodyLength(1, false) - epochBodyLength(0, false);

export type EnvelopeRow = Tables['epoch_envelopes'];

export interface Stripped {
  /** As they were, but with zeros for envelopes. */
  readonly entries: readonly Uint8Array[];
  readonly envelopes: readonly EnvelopeRow[];
}

export interface Envelopes {
  /** For entries that stand at `from` and after it. */
  strip(name: LogName, from: number, entries: readonly Uint8Array[]): Promise<Stripped>;
  /**
   * The entries of [from, to) exactly as they were recorded; of length 0 what was purged.
   * @throws WardlockError SERVER_PERIOD_KEY_MISSING where this machine does not hold the key of their period
   */
  read(name: LogName, range: { readonly from: number; readonly to: number }): Promise<Uint8Array[]>;
  /** Seals a row to another key, for what must outlive the key that it is under. Null when its key is gone. */
  reseal(row: EnvelopeRow, key: PeriodKey): EnvelopeRow | null;
}

interface EnvelopeParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly periodKeys: PeriodKeys;
}

export function openEnvelopes(parts: EnvelopeParts): Envelopes {
  const { db, crypto, periodKeys } = parts;
  return {
    strip: async (name, from, entries) => {
      if (!entries.some(isEpoch)) return { entries, envelopes: [] };
      const key = await periodKeys.current();
      const envelopes: EnvelopeRow[] = [];
      const stripped = entries.map((entry, at) => {
        if (!isEpoch(entry)) return entry;
        const row = { workstation_id: name.workstationId, incarnation: name.incarnation, seq: from + at };
        envelopes.push(seal(crypto, { row, key, plaintext: entry.subarray(ENVELOPES_AT, envelopesEnd(entry)) }));
        return withoutEnvelopes(entry);
      });
      return { entries: stripped, envelopes };
    },
    read: async (name, range) => {
      const stored = await readStored(db, name, range);
      if (!stored.some(isEpoch)) return stored;
      const rows = await rowsOf(db, name, range);
      return stored.map((entry, at) => {
        const row = rows.get(range.from + at);
        // Without a row the entry is of a time before envelopes were kept apart.
        if (!isEpoch(entry) || row === undefined) return entry;
        const plaintext = open(parts, row);
        return plaintext === null ? new Uint8Array(0) : withEnvelopes(entry, plaintext);
      });
    },
    reseal: (row, key) => {
      const plaintext = open(parts, row);
      return plaintext === null ? null : seal(crypto, { row, key, plaintext });
    },
  };
}

function isEpoch(entry: Uint8Array): boolean {
  return entry[KIND_AT] === KIND_EPOCH;
}

/** An entry as it is stored: zeros in the place of the envelopes. */
export function withoutEnvelopes(entry: Uint8Array): Uint8Array {
  if (!isEpoch(entry)) return entry;
  return Uint8Array.from(entry).fill(0, ENVELOPES_AT, envelopesEnd(entry));
}

function envelopesEnd(entry: Uint8Array): number {
  const count = entry[ENVELOPES_AT - 1] ?? 0;
  return Math.min(entry.length, ENVELOPES_AT + count * ENVELOPE_BYTES);
}

function withEnvelopes(entry: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const whole = Uint8Array.from(entry);
  whole.set(plaintext, ENVELOPES_AT);
  return whole;
}

async function rowsOf(db: Kysely<Tables>, { workstationId, incarnation }: LogName, { from, to }: { from: number; to: number }) {
  const rows = await db
    .selectFrom('epoch_envelopes')
    .selectAll()
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .where('seq', '>=', from)
    .where('seq', '<', to)
    .execute();
  return new Map(rows.map((row) => [Number(row.seq), row]));
}

type RowName = Pick<EnvelopeRow, 'workstation_id' | 'incarnation' | 'seq'>;

/** Bound to its place, so that no row can stand in for another. */
function contextOf({ workstation_id, incarnation, seq }: RowName) {
  const text = new TextEncoder();
  return { info: text.encode(INFO), aad: text.encode(`${workstation_id}/${incarnation}/${Number(seq)}`) };
}

function seal(
  crypto: AuditCrypto,
  { row, key, plaintext }: { readonly row: RowName; readonly key: PeriodKey; readonly plaintext: Uint8Array },
): EnvelopeRow {
  const { enc, ciphertext } = crypto.hpkeSeal(key.publicKey, plaintext, contextOf(row));
  const { workstation_id, incarnation, seq } = row;
  return { workstation_id, incarnation, seq: Number(seq), key_id: key.id, sealed: Buffer.concat([enc, ciphertext]) };
}

/** Null where the key was destroyed: what it closed is purged. */
function open({ crypto, periodKeys }: EnvelopeParts, row: EnvelopeRow): Uint8Array | null {
  const secret = periodKeys.secret(row.key_id);
  if (secret === 'destroyed') return null;
  if (secret === 'elsewhere') throw missing(row.key_id, periodKeys.folder);
  const enc = row.sealed.subarray(0, ENCAPSULATED_BYTES);
  const plaintext = crypto.hpkeOpen(secret, { enc, ciphertext: row.sealed.subarray(ENCAPSULATED_BYTES) }, contextOf(row));
  if (plaintext === undefined)
    throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The envelopes of an epoch do not open with the key of their period.');
  return plaintext;
}

function missing(id: string, folder: string): WardlockError {
  return new WardlockError(
    'SERVER_PERIOD_KEY_MISSING',
    `The key ${id} is not in ${folder}. Run this where the period keys lie, or name their folder with --period-keys DIR.`,
  );
}
