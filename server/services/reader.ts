/**
 * The reader role: the one part of a server that holds HPKE keys. It decrypts what intake has verified into a derived index
 * and nowhere else; the index can be dropped and built again. That it reads is in the server's log before it does.
 */
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { type AuditCrypto, deriveEpochKeys, type EpochKeys, KIND_EPOCH, openEntry, parseHeader } from '../../core/audit/index.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import { allBehind, type Behind, behindOf } from './behind.ts';
import type { Envelopes } from './envelopes.ts';
import { cursorOf, type IndexRow, indexRow, writeIndex, writeIndexFault } from './index-rows.ts';
import { buildingSince, forgetIndex, forgetLogs, mayIndex, noteBuilt, takeOver } from './index-state.ts';
import type { LogName } from './logs.ts';
import { type KeyRing, openKeyRing } from './reader-keys.ts';
import { openReadingNotes } from './reading-notes.ts';
import type { ServerLog } from './server-log.ts';
import { openWantedLogs } from './wanted-logs.ts';

/** Entries decrypted in one transaction. */
const CHUNK = 512;
const LONGEST_FAULT = 300;
/** While it builds it says so often that it lives. */
const BEAT_MS = 5_000;

/** How far a pass has come, in entries of all logs that were behind when it began. */
export interface Progress {
  readonly done: number;
  readonly of: number;
}

export interface Reader {
  /** Ids of the keys that it holds. */
  readonly keyIds: readonly string[];
  /** Brings the index up to what is stored; answers how many entries were added. Calls that overlap become one. */
  catchUp(onProgress?: (progress: Progress) => void): Promise<number>;
  /** The same for one log that entries came for; the others are looked at now and then. */
  catchUpWith(log: LogName): Promise<number>;
  /** Drops the index; the next `catchUp` builds it again from verified bytes. */
  reset(): Promise<void>;
  /** Goes on with a rebuild that another process began; otherwise it is left to that one while it lives. */
  takeOver(): Promise<void>;
  /** The secret of an epoch from its entry, for an export that proves its events; null when no key here opens it. */
  secretOf(epochEntry: Uint8Array): Uint8Array | null;
  /** Writes down what was read since the last note. */
  close(): Promise<void>;
}

interface ReaderParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  /** X25519 private keys, 32 bytes each; the newest epochs open with one, older ones with another. */
  readonly readerKeys: readonly Uint8Array[];
  readonly envelopes: Envelopes;
  readonly log: ServerLog;
  readonly now: () => number;
}

interface Pass {
  readonly parts: ReaderParts;
  readonly ring: KeyRing;
  /** Writes into the server's log that the reader reads, before it does. */
  readonly note: (log: LogName, entries: number) => Promise<void>;
  readonly onAdded: (entries: number) => Promise<void>;
}

export function openReader(parts: ReaderParts): Reader {
  const { db, log, now } = parts;
  const ring = openKeyRing(parts.crypto, parts.readerKeys);
  const notes = openReadingNotes({ log, now, keyIds: ring.ids });
  let running: Promise<number> | null = null;
  const wanted = openWantedLogs(now);
  let keysSettled = false;
  let said = 0;
  const id = randomUUID();
  const run = async (onProgress?: (progress: Progress) => void): Promise<number> => {
    let added = 0;
    if (!keysSettled) await ring.settle(db, (logs) => forgetLogs(db, logs));
    keysSettled = true;
    do {
      const only = wanted.take();
      if (!(await mayIndex(db, { reader: id, at: now() }))) {
        wanted.missed();
        continue;
      }
      const logs = only === null ? await allBehind(db) : await behindOf(db, only);
      const of = added + logs.reduce((sum, { next, size }) => sum + size - next, 0);
      const onAdded = async (entries: number): Promise<void> => {
        added += entries;
        onProgress?.({ done: added, of });
        if (now() - said < BEAT_MS) return;
        said = now();
        await mayIndex(db, { reader: id, at: said });
      };
      for (const one of logs) await indexOrAlarm({ parts, ring, note: notes.note, onAdded }, one);
      if (only === null) await noteWhole(db);
    } while (wanted.asked);
    // In the same turn as the question above: a call that comes from here on begins a pass of its own.
    running = null;
    return added;
  };
  const pass = (onProgress?: (progress: Progress) => void): Promise<number> => {
    running ??= run(onProgress).catch((cause: unknown) => {
      running = null;
      wanted.missed();
      throw cause;
    });
    return running;
  };
  return {
    keyIds: ring.ids,
    secretOf: ring.secretOf,
    catchUp: (onProgress) => {
      wanted.all();
      return pass(onProgress);
    },
    catchUpWith: (log) => {
      wanted.of(log);
      return pass();
    },
    reset: () => forgetIndex(db, { reader: id, at: now() }),
    takeOver: () => takeOver(db, { reader: id, at: now() }),
    close: () => notes.close(),
  };
}

/** Ends the note of a rebuild. A log that cannot be read is told of by its alarm: the index is then as whole as it can be. */
async function noteWhole(db: Kysely<Tables>): Promise<void> {
  if ((await buildingSince(db)) !== null && (await allBehind(db)).every(({ faulty }) => faulty)) await noteBuilt(db);
}

/** One log that cannot be read must never hold back another: it stays behind, and a person is told. */
async function indexOrAlarm(pass: Pass, log: Behind): Promise<void> {
  const { db, now } = pass.parts;
  await pass.note(log, log.size - log.next);
  try {
    await indexLog(pass, log);
  } catch (cause) {
    const fault = String(cause).slice(0, LONGEST_FAULT);
    const detail = `Log ${log.incarnation} of this seat cannot be read into the index, so its newer sessions are not shown here. What is stored is kept. Look at the seat and at the disk of the server: ${fault}`;
    await db.transaction().execute(async (transaction) => {
      await writeIndexFault(transaction, log, fault);
      await raiseAlarm(transaction, { workstationId: log.workstationId, kind: 'SERVER_INDEX_STOPPED', detail, at: now() });
    });
  }
}

async function indexLog({ parts, ring, onAdded }: Pass, log: Behind): Promise<void> {
  const { db, envelopes } = parts;
  const { log_no } = await cursorOf(db, log);
  let keys = await keysAt(parts, ring, log);
  for (let from = log.next; from < log.size; from += CHUNK) {
    const entries = await envelopes.read(log, { from, to: Math.min(from + CHUNK, log.size) });
    const rows: IndexRow[] = [];
    let unopened = 0;
    for (const entry of entries) {
      // What was purged has no row; its epoch's keys are gone with it.
      if (entry.length === 0) {
        keys = null;
        continue;
      }
      const header = parseHeader(entry);
      const opens = header.kind === KIND_EPOCH;
      if (opens) keys = keysOf(parts, ring, entry);
      if (!opens && keys === null) unopened += 1;
      const text = opens || keys === null ? undefined : openEntry(keys, entry);
      rows.push(indexRow({ log, logNo: log_no, header, text }));
    }
    await writeIndex(db, log, { from, next: from + entries.length, rows, unopened, logNo: log_no });
    if (unopened > 0) await alarmOfKeys(parts, log);
    await onAdded(entries.length);
  }
}

async function alarmOfKeys({ db, now }: ReaderParts, { workstationId, incarnation }: LogName): Promise<void> {
  const detail = `The reader holds no key for some epochs of log ${incarnation} of this seat, so what happened in them is not in the index. Start the reader with the key that the policy of that time named, beside the newer ones: --reader-key OLD --reader-key NEW.`;
  await raiseAlarm(db, { workstationId, kind: 'SERVER_EPOCH_UNREADABLE', detail, at: now() });
}

/** The keys of the epoch in force before entry `next`: its entry is the last one of the checkpoint kept before that. */
async function keysAt(parts: ReaderParts, ring: KeyRing, log: Behind): Promise<EpochKeys | null> {
  const kept = await parts.db
    .selectFrom('checkpoints')
    .select((eb) => eb.fn.max('size').as('size'))
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('size', '<=', log.next)
    .executeTakeFirst();
  if (kept?.size === null || kept?.size === undefined) return null;
  const [entry] = await parts.envelopes.read(log, { from: Number(kept.size) - 1, to: Number(kept.size) });
  return entry === undefined || entry.length === 0 ? null : keysOf(parts, ring, entry);
}

function keysOf({ crypto }: ReaderParts, ring: KeyRing, entry: Uint8Array): EpochKeys | null {
  const secret = ring.secretOf(entry);
  return secret === null ? null : deriveEpochKeys(crypto, secret, parseHeader(entry));
}
