/**
 * What somebody can do to a stopped store who has its disk and none of its keys. Test helper only.
 */
import type Database from 'better-sqlite3';
import { encodePruned } from '../../agent/store/source.ts';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import { type ChainState, LogDraft } from '../../core/audit/draft.ts';
import { LINK_BYTES, pad, parseHeader } from '../../core/audit/entry.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { entryOf, putEntry, tamper } from './check.ts';
import type { StoreKit } from './store-kit.ts';

const LINK_AT = 64;
const BODY_AT = 150;
const hasher = treeHasher(nodeCrypto);

function countOf(db: Database.Database): number {
  return Number(db.prepare('SELECT max(seq) + 1 FROM entry').pluck().get());
}

function rangeOf(db: Database.Database, size: number): CompactRange {
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(entryOf(db, seq)));
  return range;
}

export function entriesOf(seat: StoreKit): number {
  let count = 0;
  tamper(seat, (db) => {
    count = countOf(db);
  });
  return count;
}

/** The places of the entries that open an epoch, but the first. */
export function openings(seat: StoreKit): readonly number[] {
  let places: readonly number[] = [];
  tamper(seat, (db) => {
    places = db
      .prepare('SELECT size - 1 FROM kept WHERE size > 1 ORDER BY size')
      .pluck()
      .all()
      .map((place) => Number(place));
  });
  return places;
}

/** Takes everything below the entry that opens an epoch away, and says that it was pruned. */
export function pretendPruned(seat: StoreKit, opening: number): void {
  tamper(seat, (db) => {
    const hashes = rangeOf(db, opening).nodes.map(({ hash }) => hash);
    db.prepare('DELETE FROM entry WHERE seq < ?').run(opening);
    db.prepare('DELETE FROM kept WHERE size <= ?').run(opening);
    db.prepare("INSERT OR REPLACE INTO meta VALUES ('pruned', ?)").run(encodePruned({ size: opening, hashes }));
  });
}

/** Flips one bit of an entry. */
export function flip(seat: StoreKit, seq: number): void {
  tamper(seat, (db) => {
    const bytes = entryOf(db, seq);
    bytes[BODY_AT] = Number(bytes[BODY_AT]) ^ 1;
    putEntry(db, seq, bytes);
  });
}

/** Changes every entry from `from` on and mends the links, the writer's note of the last one among them. */
export function rewrite(seat: StoreKit, from: number): void {
  tamper(seat, (db) => {
    let link = hasher.leaf(entryOf(db, from - 1)).subarray(0, LINK_BYTES);
    for (let seq = from; seq < countOf(db); seq += 1) {
      const bytes = entryOf(db, seq);
      if (parseHeader(bytes).kind === 1) bytes[BODY_AT] = Number(bytes[BODY_AT]) ^ 1;
      bytes.set(link, LINK_AT);
      putEntry(db, seq, bytes);
      link = hasher.leaf(bytes).subarray(0, LINK_BYTES);
    }
    db.prepare('UPDATE head SET link = ?').run(link);
  });
}

/** The stored hashes are taken away, or computed again from the entries as they are now. */
export function index(seat: StoreKit, how: 'gone' | 'forged'): void {
  tamper(seat, (db) => {
    db.exec('DELETE FROM node');
    if (how === 'gone') return;
    const put = db.prepare('INSERT OR REPLACE INTO node VALUES (?, ?, ?)');
    const range = CompactRange.empty(hasher);
    for (let seq = 0; seq < countOf(db); seq += 1) {
      range.append(hasher.leaf(entryOf(db, seq)), (node) => void put.run(node.level, node.index, node.hash), 5);
    }
  });
}

/** Writes another epoch behind the end, sealed to the true recipients and signed by keys of the attacker's own. */
export function appendEpoch(seat: StoreKit, events: readonly string[], closing: 'left out' | 'forged'): number {
  let first = 0;
  tamper(seat, (db) => {
    first = countOf(db);
    const last = parseHeader(entryOf(db, first - 1));
    const log = { workstation: seat.workstation, incarnation: Uint8Array.from(last.incarnation) };
    const signer = { name: logKeyName(seat.workstation), signer: nodeCrypto.signer(nodeCrypto.random(32)) };
    const link = hasher.leaf(entryOf(db, first - 1)).subarray(0, LINK_BYTES);
    const state: ChainState = { log, range: rangeOf(db, first), link, epoch: { number: last.epoch, signer, keys: undefined, firstSeq: 0 } };
    const draft = new LogDraft(nodeCrypto, hasher, state);
    const time = { boot: 1, wallMicros: last.wallMicros, bootMicros: last.bootMicros };
    const seed = nodeCrypto.random(32);
    draft.openEpoch({ reason: 'start', origin: { kind: 'later' }, seed, recipients: seat.recipients, logSigner: signer, time });
    for (const event of events) draft.append(pad(new TextEncoder().encode(event)), time, nodeCrypto.random(FRESH_BYTES));
    for (const { seq, bytes } of draft.entries) putEntry(db, seq, bytes);
    for (const { size, epoch, note } of closing === 'forged' ? draft.kept : []) {
      db.prepare('INSERT INTO kept (size, epoch, first, note) VALUES (?, ?, ?, ?)').run(size, epoch, first, note);
    }
    for (const { level, index: at, hash } of draft.nodes) db.prepare('INSERT OR REPLACE INTO node VALUES (?, ?, ?)').run(level, at, hash);
    db.prepare('UPDATE head SET note = ?, link = ?').run(draft.head(), draft.state().link);
  });
  return first;
}
