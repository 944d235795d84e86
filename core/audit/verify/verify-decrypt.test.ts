/** Logs that are decrypted while they are verified: what opens comes out in order, what does not has a name or a count. */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { openEpochSecret } from '../epoch.ts';
import { describeFault } from '../faults.ts';
import type { LogSource, VerifyOptions } from './source.ts';
import { verifyLog } from './verify-log.ts';

function run(log: MemoryLog, change: Partial<LogSource> = {}, options: VerifyOptions = { logKey: log.logKey }) {
  const iterator = verifyLog(nodeCrypto, sourceOf(log, change), options);
  const lines: (string | undefined)[] = [];
  let step = iterator.next();
  for (; step.done !== true; step = iterator.next()) lines.push(describeFault(step.value).split(':')[0]);
  return { summary: step.value, lines };
}

/** Openers at 0, 11, 52 and 56; 157 entries. */
const good = () => memoryLog({ epochs: [10, 40, 3, 100] });

function entry(log: MemoryLog, seq: number): Uint8Array {
  const bytes = log.entries.get(seq);
  if (bytes === undefined) throw new RangeError(`no entry ${seq}`);
  return bytes;
}

test('events come out in order once their keys open, and faults say which do not', () => {
  const log = good();
  const events: string[] = [];
  const options: VerifyOptions = {
    logKey: log.logKey,
    openSecret: (bytes, header) => openEpochSecret(nodeCrypto, bytes, header, log.readerKey),
    onEvent: (_header, json) => events.push(json),
  };
  expect(run(log, {}, options).lines).toEqual([]);
  expect(events).toHaveLength(153);
  const damaged = good();
  damaged.entries.set(5, flipped(entry(damaged, 5), 300));
  const opening: VerifyOptions = { openSecret: (bytes, header) => openEpochSecret(nodeCrypto, bytes, header, damaged.escrowKey) };
  expect(run(damaged, {}, opening).lines).toEqual(['ENTRY_UNDECRYPTABLE entry 5', 'ENTRY_ALTERED entry 5']);
  const mismatch: VerifyOptions = { openSecret: () => ({ outcome: 'commitment-mismatch' }) };
  expect(run(good(), {}, mismatch).lines).toContain('EPOCH_SECRET_MISMATCH epoch 0');
  const envelope: VerifyOptions = { openSecret: () => ({ outcome: 'envelope-damaged' }) };
  expect(run(good(), {}, envelope).lines).toContain('ENTRY_UNDECRYPTABLE from 0 to 156');
});

test('epochs that are sealed to another key are verified and counted, and those after them are read', () => {
  const log = good();
  const events: number[] = [];
  const options: VerifyOptions = {
    logKey: log.logKey,
    openSecret: (bytes, header) =>
      header.epoch === 1 ? { outcome: 'not-a-recipient' } : openEpochSecret(nodeCrypto, bytes, header, log.readerKey),
    onEvent: ({ seq }) => events.push(seq),
  };
  const { lines, summary } = run(log, {}, options);
  expect(lines).toEqual([]);
  expect(summary.opened).toEqual({ epochs: 3, foreignEpochs: 1, foreignEntries: 40 });
  expect(events).toHaveLength(113);
  expect(events.some((seq) => seq > 11 && seq < 52)).toBe(false);
});

test('an epoch whose opening entry can’t be read has a name, and the other epochs are read', () => {
  const log = good();
  log.entries.set(11, flipped(entry(log, 11), 85, 6));
  const events: number[] = [];
  const options: VerifyOptions = {
    logKey: log.logKey,
    openSecret: (bytes, header) => openEpochSecret(nodeCrypto, bytes, header, log.readerKey),
    onEvent: ({ seq }) => events.push(seq),
  };
  expect(run(log, {}, options).lines).toEqual([
    'EPOCH_MALFORMED entry 11, epoch 1',
    'ENTRY_UNDECRYPTABLE entry 12',
    'ENTRY_ALTERED entry 11',
    'ENTRY_UNDECRYPTABLE from 13 to 51',
  ]);
  expect(events).toHaveLength(113);
});
