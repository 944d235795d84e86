/**
 * Verification against one-shot SHA-256 of the same entries, with one thread and with two, and the memory of the whole command.
 */
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { openStoreFolder, type StoredLog } from '../../../agent/store/evidence.ts';
import { storeSource } from '../../../agent/store/source.ts';
import { verifyStored } from '../../../agent/store/verify-stored.ts';
import { openEpochSecret } from '../../../core/audit/epoch.ts';
import type { LogSource, VerifyOptions } from '../../../core/audit/verify/source.ts';
import { verifyLog } from '../../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../../crypto/index.ts';
import { keyFile } from '../../audit/key-file.ts';
import type { StoreKit } from '../../audit/store-kit.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

const MS = 1000;
const KIB_PER_MIB = 1024;
/** About how many entries are verified in each round: up to the last kept checkpoint before. */
const ENTRIES = 200_000;
const ROUNDS = 7;
const THREAD_ROUNDS = 3;
const MEMORY_GOAL_MIB = 150;
const CLI = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');
/** Tells the most memory that the process held, in KiB, whatever it ends with. Not by getrusage: a child's figure begins with its parent's. */
const TELL_PEAK = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync } from 'node:fs';
  process.on('exit', () => process.stderr.write(/VmHWM:[^0-9]*([0-9]+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));`,
)}`;

/** One thread: the figures of the issue. The baseline is node:crypto's one-shot call for bytes; `sha256` is the quickest way that we know. */
export function measureOneThread(kit: StoreKit): readonly BenchRow[] {
  const evidence = openStoreFolder(kit.storeDir, nodeCrypto);
  try {
    const source = firstPart(evidence.stored);
    const entries = [...source.entries()].map(({ bytes }) => Uint8Array.from(bytes));
    const rates = { hash: [] as number[], fast: [] as number[], verify: [] as number[], decrypt: [] as number[] };
    const rateOf = (work: () => void): number => {
      const started = performance.now();
      work();
      return (entries.length * MS) / (performance.now() - started);
    };
    const decrypting: VerifyOptions = {
      openSecret: (entry, header) => openEpochSecret(nodeCrypto, entry, header, kit.readerKey),
      onEvent: () => undefined,
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.hash.push(rateOf(() => entries.forEach((entry) => void hash('sha256', entry, 'buffer'))));
      rates.verify.push(rateOf(() => verifyAll(source, {})));
      rates.fast.push(rateOf(() => entries.forEach((entry) => void nodeCrypto.sha256(entry))));
      rates.decrypt.push(rateOf(() => verifyAll(source, decrypting)));
    }
    const row = (id: string, values: readonly number[], value?: number): BenchRow =>
      judge({
        id,
        unit: 'entries/s',
        median: median(values),
        p99: percentile(values, 0.01),
        baseline: median(rates.hash),
        ...(value === undefined ? {} : { goal: { is: 'at least', value, of: 'ratio' } }),
      });
    return [row('verify', rates.verify, 0.4), row('verify.decrypt', rates.decrypt, 0.15), row('sha256', rates.fast)];
  } finally {
    evidence.close();
  }
}

/** The whole log by the command's own way, with two threads against one. */
export async function measureTwoThreads(kit: StoreKit): Promise<BenchRow> {
  const rates: { readonly one: number[]; readonly two: number[] } = { one: [], two: [] };
  const evidence = openStoreFolder(kit.storeDir, nodeCrypto);
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new RangeError('no log to verify');
    const keys = { logKey: kit.logKey, receiptKeys: [] };
    const onFault = ({ code }: { readonly code: string }): never => {
      throw new Error(`The measured log is not sound: ${code}`);
    };
    for (let round = 0; round < THREAD_ROUNDS; round += 1) {
      for (const threads of [1, 2] as const) {
        const started = performance.now();
        const summary = await verifyStored(nodeCrypto, { stored: evidence.stored, source, keys, onFault }, { threads });
        if (summary.threads !== threads) throw new Error(`It was verified by ${summary.threads} threads.`);
        rates[threads === 1 ? 'one' : 'two'].push((summary.entries * MS) / (performance.now() - started));
      }
    }
  } finally {
    evidence.close();
  }
  const goal = { is: 'at least', value: 1.3, of: 'ratio' } as const;
  return judge({ id: 'verify.threads2', unit: 'entries/s', median: median(rates.two), baseline: median(rates.one), goal });
}

/**
 * Peak memory of `audit verify` and of `audit show` as processes, all of it: Node, both threads, SQLite. The first run only fills Node's
 * compile cache.
 */
export function measureMemory(kit: StoreKit): readonly BenchRow[] {
  const verify = [kit.storeDir, '--key', kit.logKeyText];
  const show = [...verify, '--reader-key', keyFile('reader', kit.readerKey, kit.dir)];
  peakOf('verify', verify);
  const row = (id: string, median: number): BenchRow =>
    judge({ id, unit: 'MB', median, goal: { is: 'at most', value: MEMORY_GOAL_MIB, of: 'median' } });
  return [row('verify.memory', peakOf('verify', verify)), row('show.memory', peakOf('show', show))];
}

/** In MiB. */
function peakOf(command: 'verify' | 'show', words: readonly string[]): number {
  const args = ['--import', TELL_PEAK, CLI, 'audit', command, ...words];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`audit ${command} ended with ${status}: ${stderr}`);
  return Number(/\d+$/.exec(stderr)?.[0]) / KIB_PER_MIB;
}

/** The log up to a kept checkpoint: sound and signed by itself. */
function firstPart({ tables, beside }: StoredLog): LogSource {
  const end = tables.keptBefore(ENTRIES);
  if (end === undefined) throw new RangeError('no checkpoint to end at');
  return storeSource(tables, beside, undefined, end);
}

function verifyAll(source: LogSource, options: VerifyOptions): void {
  const codes = [...verifyLog(nodeCrypto, source, options)].map((fault) => fault.code);
  if (codes.length > 0) throw new Error(`The measured log is not sound: ${codes.join(' ')}`);
}
