/**
 * The audit log against its own baselines, in turn: durable appends against bare durable inserts, verification against
 * one-shot SHA-256 of the same bytes. Owns the figures of the issue; measures the product, on a real disk, with a million
 * entries.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { openStoreFolder } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { openEpochSecret } from '../../core/audit/epoch.ts';
import type { LogSource, VerifyOptions } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';
import { measureSingleAppends } from './support/append.ts';
import { EVENT_BYTES, MILLION, millionStore } from './support/million.ts';
import { type BenchOptions, type BenchRow, judge, median, percentile } from './support/row.ts';

const MS = 1000;
const ENTRY_BYTES = 416;
const ROUNDS = 9;
const GROUP = 128;
const GROUPS_PER_ROUND = 40;
const SINGLES_PER_ROUND = 400;
const VERIFY_ENTRIES = 200_000;
const VERIFY_ROUNDS = 5;
const PROOFS = 2000;
const FSCK_ROUNDS = 3;
const HASH_BYTES = 32;

export async function run({ say }: BenchOptions): Promise<readonly BenchRow[]> {
  say('Single appends.');
  const { appends, inserts } = await measureSingleAppends(ROUNDS, SINGLES_PER_ROUND);
  const single = judge({
    id: 'append.single',
    unit: 'events/s',
    median: median(appends),
    p99: percentile(appends, 0.01),
    baseline: median(inserts),
    goal: { is: 'at least', value: 0.5, of: 'ratio' },
  });
  say('Groups of 128.');
  const group = await measureGroups();
  const kit = await millionStore(say);
  try {
    return [
      single,
      group,
      ...measureVerification(kit, say),
      ...(await measureProofs(kit, say)),
      measureSpace(kit),
      await measureFsck(kit, say),
    ];
  } finally {
    await kit.remove();
  }
}

async function measureGroups(): Promise<BenchRow> {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    const bare = new BetterSqlite3(join(kit.dir, 'bare.db'));
    bare.pragma('journal_mode = WAL');
    bare.pragma('synchronous = FULL');
    bare.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
    const insert = bare.prepare('INSERT INTO entry (bytes) VALUES (?)');
    const bytes = Buffer.alloc(ENTRY_BYTES, 7);
    const insertGroup = bare.transaction(() => {
      for (let left = GROUP; left > 0; left -= 1) insert.run(bytes);
    });
    const events = Array.from({ length: GROUP }, (_, at) => lockEvent(at));
    const rates: number[] = [];
    const baseline: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      let started = performance.now();
      for (let left = GROUPS_PER_ROUND; left > 0; left -= 1) insertGroup();
      const bareRate = (GROUPS_PER_ROUND * GROUP * MS) / (performance.now() - started);
      started = performance.now();
      for (let left = GROUPS_PER_ROUND; left > 0; left -= 1) await Promise.all(events.map((event) => store.append(event)));
      const rate = (GROUPS_PER_ROUND * GROUP * MS) / (performance.now() - started);
      if (round === 0) continue;
      baseline.push(bareRate);
      rates.push(rate);
    }
    bare.close();
    await store.close();
    return judge({
      id: 'append.group128',
      unit: 'events/s',
      median: median(rates),
      p99: percentile(rates, 0.01),
      baseline: median(baseline),
      goal: { is: 'at least', value: 0.35, of: 'ratio' },
    });
  } finally {
    await kit.remove();
  }
}

/** Verifies the first entries of the log from its real file, against SHA-256 of the same entries one by one. */
function measureVerification(kit: StoreKit, say: (text: string) => void): readonly BenchRow[] {
  const evidence = openStoreFolder(kit.storeDir, nodeCrypto);
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new RangeError('no log to verify');
    const part = firstEntries(source);
    const entries = [...part.entries()].map(({ bytes }) => Uint8Array.from(bytes));
    const rates: { readonly hash: number[]; readonly verify: number[]; readonly decrypt: number[] } = { hash: [], verify: [], decrypt: [] };
    say(`Verifying ${VERIFY_ENTRIES} entries.`);
    for (let round = 0; round < VERIFY_ROUNDS; round += 1) {
      rates.hash.push(rateOf(() => entries.forEach((entry) => void nodeCrypto.sha256(entry))));
      rates.verify.push(rateOf(() => verifyAll(part, {})));
      rates.decrypt.push(
        rateOf(() =>
          verifyAll(part, {
            openSecret: (entry, header) => openEpochSecret(nodeCrypto, entry, header, kit.readerKey),
            onEvent: () => undefined,
          }),
        ),
      );
    }
    const baseline = median(rates.hash);
    const row = (id: string, values: readonly number[], value: number): BenchRow =>
      judge({
        id,
        unit: 'entries/s',
        median: median(values),
        p99: percentile(values, 0.01),
        baseline,
        goal: { is: 'at least', value, of: 'ratio' },
      });
    return [row('verify', rates.verify, 0.4), row('verify.decrypt', rates.decrypt, 0.15)];
  } finally {
    evidence.close();
  }
}

/** The log up to VERIFY_ENTRIES, without head and anchor, which lie beyond. */
function firstEntries(source: LogSource): LogSource {
  return {
    ...source,
    head: undefined,
    anchor: undefined,
    lastLink: undefined,
    receipts: [],
    *entries() {
      let left = VERIFY_ENTRIES;
      for (const entry of source.entries()) {
        if (left === 0) return;
        left -= 1;
        yield entry;
      }
    },
  };
}

/** The cut leaves exactly two faults: no head, and what lies behind. Any other would make the figure worthless. */
function verifyAll(source: LogSource, options: VerifyOptions): void {
  const codes = [...verifyLog(nodeCrypto, source, options)].map((fault) => fault.code);
  if (codes.some((code) => code !== 'HEAD_MISSING' && code !== 'ENTRIES_TRUNCATED'))
    throw new Error(`The measured log is not sound: ${codes.join(' ')}`);
}

function rateOf(work: () => void): number {
  const started = performance.now();
  work();
  return (VERIFY_ENTRIES * MS) / (performance.now() - started);
}

async function measureProofs(kit: StoreKit, say: (text: string) => void): Promise<readonly BenchRow[]> {
  say('Inclusion proofs.');
  const store = await kit.open();
  const { size } = store.position();
  const times: number[] = [];
  let bytes = 0;
  for (let at = 0; at < PROOFS; at += 1) {
    const seq = (at * 7_368_787) % size;
    const started = performance.now();
    const proof = store.inclusion(seq, size);
    times.push(performance.now() - started);
    bytes = Math.max(bytes, proof.length * HASH_BYTES);
  }
  await store.close();
  const time = judge({
    id: 'proof.inclusion',
    unit: 'ms',
    median: percentile(times, 0.99),
    p99: percentile(times, 0.99),
    goal: { is: 'at most', value: 1, of: 'median' },
  });
  return [time, judge({ id: 'proof.inclusion.bytes', unit: 'bytes', median: bytes, goal: { is: 'at most', value: 2560, of: 'median' } })];
}

function measureSpace(kit: StoreKit): BenchRow {
  const { size } = statSync(storePaths(kit.storeDir).db);
  return judge({
    id: 'space',
    unit: 'bytes/event',
    median: size / MILLION,
    baseline: EVENT_BYTES,
    goal: { is: 'at most', value: 1.5, of: 'ratio' },
  });
}

async function measureFsck(kit: StoreKit, say: (text: string) => void): Promise<BenchRow> {
  say('Opening a store of a million entries.');
  const times: number[] = [];
  for (let round = 0; round < FSCK_ROUNDS; round += 1) {
    const started = performance.now();
    const store = await kit.open();
    times.push((performance.now() - started) / MS);
    if (store.findings.length > 0) throw new Error('The measured store is not sound.');
    await store.close();
  }
  return judge({
    id: 'fsck.1m',
    unit: 's',
    median: median(times),
    p99: percentile(times, 0.99),
    goal: { is: 'at most', value: 2, of: 'median' },
  });
}
