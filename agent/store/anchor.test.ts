import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { ANCHOR_APART_MS, ANCHOR_INTERVAL_MS, ANCHOR_SOON_MS, AnchorWriter, readAnchor } from './anchor.ts';

/** Turns of the event loop in which a write of a few hundred bytes comes to its end. */
const TURNS = 2000;

let dir: string;
let writer: AnchorWriter;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'anchor-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  writer = await AnchorWriter.open(join(dir, 'anchor'), nodeCrypto, (error) => {
    throw error;
  });
});
afterEach(async () => {
  await writer.close();
  vi.useRealTimers();
  rmSync(dir, { recursive: true });
});

function want(head: string, urgent: boolean): void {
  writer.want({ incarnation: '00112233445566aa', head, receipt: null }, urgent);
}

/** What is anchored, once everything that is under way has come to its end. */
async function anchored(expected: string | undefined): Promise<string | undefined> {
  let found: string | undefined;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const read = await readAnchor(join(dir, 'anchor'), nodeCrypto);
    found = read.state === 'present' ? read.record.head : undefined;
    if (found === expected && turn > 20) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

test('an ordinary head waits for the interval, an urgent one is written soon and takes the ordinary one with it', async () => {
  want('one', false);
  vi.advanceTimersByTime(ANCHOR_INTERVAL_MS - ANCHOR_SOON_MS - 1);
  expect(await anchored(undefined)).toBeUndefined();
  want('two', true);
  vi.advanceTimersByTime(ANCHOR_SOON_MS - 1);
  expect(await anchored(undefined)).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(await anchored('two')).toBe('two');
});

test('urgent heads in a burst are written apart, the newest each time, and the first after a pause is written soon again', async () => {
  want('one', true);
  vi.advanceTimersByTime(ANCHOR_SOON_MS);
  expect(await anchored('one')).toBe('one');
  want('two', true);
  want('three', true);
  vi.advanceTimersByTime(ANCHOR_APART_MS - 1);
  expect(await anchored('one')).toBe('one');
  vi.advanceTimersByTime(1);
  expect(await anchored('three')).toBe('three');
  vi.advanceTimersByTime(ANCHOR_INTERVAL_MS);
  want('four', true);
  vi.advanceTimersByTime(ANCHOR_SOON_MS);
  expect(await anchored('four')).toBe('four');
});

test('a flush writes at once, whatever is due', async () => {
  want('one', true);
  vi.advanceTimersByTime(ANCHOR_SOON_MS);
  expect(await anchored('one')).toBe('one');
  want('two', true);
  await writer.flush();
  expect(await anchored('two')).toBe('two');
});
