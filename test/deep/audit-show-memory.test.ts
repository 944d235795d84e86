/** `audit show` reads a record of any length in the memory that a short one takes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { keyFile } from '../audit/key-file.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const GROUP = 512;
const KIB_PER_MIB = 1024;
/** Room for what the collector happens to leave; the events of the longer record are 60 MiB of text. */
const SLACK_MIB = 16;
/** The most memory that the process held, in KiB, on the last line of standard error. */
const TELL_PEAK = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync } from 'node:fs';
  process.on('exit', () => process.stderr.write(/VmHWM:[^0-9]*([0-9]+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));`,
)}`;

const kits: StoreKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.remove();
});

async function snapshotOf(entries: number): Promise<readonly string[]> {
  const kit = await storeKit();
  kits.push(kit);
  const store = await kit.open();
  for (let done = 0; done < entries; done += GROUP)
    await Promise.all(Array.from({ length: GROUP }, (_, at) => store.append(lockEvent(at))));
  const path = join(kit.dir, 'snapshot.db');
  await store.snapshot(path);
  await store.close();
  return [path, '--reader-key', keyFile('reader', kit.readerKey, kit.dir), '--key', kit.logKeyText];
}

/** In MiB, with the compiled form of the command at hand. */
function peakOf(args: readonly string[]): number {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', TELL_PEAK, MAIN, 'audit', 'show', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return Number(/\d+$/.exec(stderr)?.[0]) / KIB_PER_MIB;
}

test('a record of 150,000 events is shown in the memory that one of 15,000 takes', async () => {
  const short = await snapshotOf(15_000);
  const long = await snapshotOf(150_000);
  peakOf(short);
  const [little, much] = [peakOf(short), peakOf(long)];
  expect(little).toBeGreaterThan(0);
  expect(much).toBeLessThan(little + SLACK_MIB);
});
