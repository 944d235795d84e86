/**
 * Verifies what lies on disk the way `audit verify` and `audit show` do, in this process, and answers names. Test helper
 * only.
 */
import Database from 'better-sqlite3';
import { kindOf, openSnapshot, openStoreFolder } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { openEpochSecret } from '../../core/audit/epoch.ts';
import { describeFault, type Fault } from '../../core/audit/faults.ts';
import type { NoteVerifier } from '../../core/audit/note.ts';
import type { DecryptSummary } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { StoreKit } from './store-kit.ts';

export interface Checked {
  /** `CODE where`, one for each fault of the main log. */
  readonly faults: readonly string[];
  readonly size: number;
  /** Bodies of decrypted events by place, when a private key was given. */
  readonly opened: DecryptSummary;
  readonly events: ReadonlyMap<number, { readonly type: string; readonly body: Readonly<Record<string, unknown>> }>;
}

export function check(
  path: string,
  seat: Pick<StoreKit, 'logKey'>,
  options: { readonly key?: NoteVerifier; readonly privateKey?: Uint8Array; readonly receiptKeys?: readonly NoteVerifier[] } = {},
): Checked {
  const { privateKey } = options;
  const evidence = kindOf(path) === 'store' ? openStoreFolder(path, nodeCrypto) : openSnapshot(path, nodeCrypto);
  const events = new Map<number, { readonly type: string; readonly body: Readonly<Record<string, unknown>> }>();
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new RangeError('no log');
    const faults: Fault[] = evidence.faults.filter(({ code }) => code === 'ANCHOR_MISSING');
    const run = verifyLog(nodeCrypto, source, {
      logKey: options.key ?? seat.logKey,
      receiptKeys: options.receiptKeys,
      openSecret: privateKey === undefined ? undefined : (entry, header) => openEpochSecret(nodeCrypto, entry, header, privateKey),
      onEvent: (header, json) => void events.set(header.seq, JSON.parse(json)),
    });
    let step = run.next();
    while (step.done !== true) {
      faults.push(step.value);
      step = run.next();
    }
    return { faults: faults.map(nameOf), size: step.value.size, opened: step.value.opened, events };
  } finally {
    evidence.close();
  }
}

/** Code and place of a fault, without its words. */
export function nameOf(fault: Fault): string {
  return describeFault(fault).split(':')[0] ?? '';
}

/** Runs SQL on a stopped store, as an attacker with the disk would. */
export function tamper(seat: StoreKit, change: (db: Database.Database) => void): void {
  const db = new Database(storePaths(seat.storeDir).db);
  try {
    change(db);
  } finally {
    db.close();
  }
}

export function entryOf(db: Database.Database, seq: number): Buffer {
  const bytes: unknown = db.prepare('SELECT bytes FROM entry WHERE seq = ?').pluck().get(seq);
  if (!Buffer.isBuffer(bytes)) throw new RangeError(`no entry ${seq}`);
  return bytes;
}

export function putEntry(db: Database.Database, seq: number, bytes: Uint8Array): void {
  db.prepare('INSERT INTO entry (seq, bytes) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET bytes = excluded.bytes').run(seq, bytes);
}
