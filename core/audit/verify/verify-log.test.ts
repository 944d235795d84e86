import { expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { describeFault, type Fault } from '../faults.ts';
import type { LogSource, VerifyOptions, VerifySummary } from './source.ts';
import { verifyLog } from './verify-log.ts';

function run(log: MemoryLog, change: Partial<LogSource> = {}, options: VerifyOptions = { logKey: log.logKey }) {
  const iterator = verifyLog(nodeCrypto, sourceOf(log, change), options);
  const faults: Fault[] = [];
  let step = iterator.next();
  while (step.done !== true) {
    faults.push(step.value);
    step = iterator.next();
  }
  const summary: VerifySummary = step.value;
  return { faults, summary, lines: faults.map((fault) => describeFault(fault).split(':')[0]) };
}

const good = () => memoryLog({ epochs: [10, 40, 3, 100] });

function entry(log: MemoryLog, seq: number): Uint8Array {
  const bytes = log.entries.get(seq);
  if (bytes === undefined) throw new RangeError(`no entry ${seq}`);
  return bytes;
}

test('a log that nobody touched verifies to its end', () => {
  const log = good();
  const { lines, summary } = run(log);
  expect(lines).toEqual([]);
  expect(summary).toMatchObject({ entries: 157, size: 157, epochs: 4, verified: 157, faults: 0 });
});

test.each([0, 1, 5, 11, 12, 13, 31, 32, 50, 100, 120, 154, 155, 156])(
  'one bit in the body of entry %i names it and nothing else',
  (seq) => {
    const log = good();
    const bytes = entry(log, seq);
    log.entries.set(seq, flipped(bytes, bytes.length - 1));
    expect(run(log).lines).toEqual([`ENTRY_ALTERED entry ${seq}`]);
  },
);
