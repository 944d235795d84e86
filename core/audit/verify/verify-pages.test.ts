/** A source may use its memory again for each entry: what is found is the same as in a log whose entries all stay. */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { MAX_ENTRY_BYTES } from '../entry.ts';
import { openEpochSecret } from '../epoch.ts';
import type { Fault } from '../faults.ts';
import type { EntryPage, LogSource, StoredEntry, VerifySummary } from './source.ts';
import { verifyLog } from './verify-log.ts';

const PAGE_ENTRIES = 7;
const POISON = 0xa5;

/** Pages in one piece of memory, in which nothing of an entry is left once another one is asked for. */
function* pagesOf(entries: readonly StoredEntry[]): Generator<EntryPage> {
  const memory = new Uint8Array(MAX_ENTRY_BYTES);
  for (let from = 0; from < entries.length; from += PAGE_ENTRIES) {
    const page = entries.slice(from, from + PAGE_ENTRIES);
    yield {
      length: page.length,
      seq: (at) => page[at]?.seq ?? Number.NaN,
      bytes(at) {
        memory.fill(POISON);
        const { bytes = memory } = page[at] ?? {};
        memory.set(bytes);
        return memory.subarray(0, bytes.length);
      },
    };
    memory.fill(POISON);
  }
}

interface Verdict {
  readonly faults: readonly Fault[];
  readonly events: readonly string[];
  readonly summary: VerifySummary;
}

function verdict(log: MemoryLog, source: LogSource): Verdict {
  const [faults, events]: [Fault[], string[]] = [[], []];
  const found = verifyLog(nodeCrypto, source, {
    logKey: log.logKey,
    openSecret: (entry, header) => openEpochSecret(nodeCrypto, entry, header, log.readerKey),
    onEvent: ({ seq, wallMicros }, json) => events.push(`${seq} ${wallMicros} ${json}`),
  });
  let step = found.next();
  while (step.done !== true) {
    faults.push(step.value);
    step = found.next();
  }
  return { faults, events, summary: step.value };
}

function entry(log: MemoryLog, seq: number): Uint8Array {
  const bytes = log.entries.get(seq);
  if (bytes === undefined) throw new RangeError(`no entry ${seq}`);
  return bytes;
}

const swap = (log: MemoryLog, a: number, b: number): void => {
  const [first, second] = [entry(log, a), entry(log, b)];
  log.entries.set(a, second).set(b, first);
};
const flip = (seq: number, at: number) => (log: MemoryLog) => void log.entries.set(seq, flipped(entry(log, seq), at));

test.each<[string, (log: MemoryLog) => void, number]>([
  ['nothing is wrong', () => undefined, 0],
  ['a bit of an entry is flipped', flip(20, 300), 1],
  ['a bit of the last entry is flipped', flip(156, 300), 1],
  ['a bit of a link is flipped', flip(30, 65), 1],
  ['a time is edited', flip(30, 30), 1],
  ['an epoch is edited', flip(11, 100), 1],
  ['an entry is of another log', flip(21, 41), 1],
  ['two entries are swapped', (log) => swap(log, 14, 40), 1],
  ['an entry is a copy', (log) => void log.entries.set(33, entry(log, 32)), 1],
  ['an entry cannot be read', (log) => void log.entries.set(20, new Uint8Array(5)), 1],
  ['entries are missing', (log) => void [60, 61, 62, 100].map((seq) => log.entries.delete(seq)), 1],
  ['the end is missing', (log) => void [155, 156].map((seq) => log.entries.delete(seq)), 1],
])('%s', (_what, damage, least) => {
  // Openers at 0, 11, 52 and 56; 157 entries.
  const log = memoryLog({ epochs: [10, 40, 3, 100] });
  damage(log);
  const source = sourceOf(log);
  const kept = verdict(log, source);
  expect(kept.faults.length).toBeGreaterThanOrEqual(least);
  expect(verdict(log, { ...source, pages: () => pagesOf([...source.entries()]) })).toEqual(kept);
});
