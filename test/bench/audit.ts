/**
 * The audit log against its own baselines, in turn: durable appends against bare durable inserts, verification against
 * one-shot SHA-256 of the same bytes. Owns the figures of the issue; measures the product, on a real disk, with a million
 * entries. With --full, memory is measured at ten million.
 */
import { statSync } from 'node:fs';
import { storePaths } from '../../agent/store/incarnation.ts';
import type { StoreKit } from '../audit/store-kit.ts';
import { type AppendRates, measureGroupedAppends, measureSingleAppends } from './support/append.ts';
import { bigStore, EVENT_BYTES, MILLION } from './support/million.ts';
import { type BenchOptions, type BenchRow, judge, median, percentile } from './support/row.ts';
import { measureMemory, measureOneThread, measureTwoThreads } from './support/verify.ts';

const MS = 1000;
const ROUNDS = 9;
const GROUP = 128;
const GROUPS_PER_ROUND = 40;
const SINGLES_PER_ROUND = 400;
const PROOFS = 2000;
const FSCK_ROUNDS = 3;
const HASH_BYTES = 32;

export async function run({ say, full }: BenchOptions): Promise<readonly BenchRow[]> {
  say('Single appends.');
  const single = appendRow('append.single', 0.5, await measureSingleAppends(ROUNDS, SINGLES_PER_ROUND));
  say('Groups of 128.');
  const group = appendRow('append.group128', 0.35, await measureGroupedAppends(ROUNDS, GROUPS_PER_ROUND, GROUP));
  const kit = await bigStore(MILLION, say);
  try {
    // Before anything is verified: an agent answers proofs and never verifies in its own process, which fills memory.
    const proofs = await measureProofs(kit, say);
    say('Verifying.');
    return [
      single,
      group,
      ...measureOneThread(kit),
      await measureTwoThreads(kit),
      ...(full ? await measureTenMillion(say) : measureMemory(kit)),
      ...proofs,
      measureSpace(kit),
      await measureFsck(kit, say),
    ];
  } finally {
    await kit.remove();
  }
}

function appendRow(id: string, value: number, { appends, inserts }: AppendRates): BenchRow {
  return judge({
    id,
    unit: 'events/s',
    median: median(appends),
    p99: percentile(appends, 0.01),
    baseline: median(inserts),
    goal: { is: 'at least', value, of: 'ratio' },
  });
}

async function measureTenMillion(say: (text: string) => void): Promise<readonly BenchRow[]> {
  const kit = await bigStore(10 * MILLION, say);
  try {
    return measureMemory(kit);
  } finally {
    await kit.remove();
  }
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
