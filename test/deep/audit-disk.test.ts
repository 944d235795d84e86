/** Faults 18, 19 and 26 to 28 with real disks and a real process: full, failing, read-only, vanished, stolen; and its memory. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStoreFolder } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseHeader } from '../../core/audit/entry.ts';
import { deriveEpochKeys, openEpochSecret } from '../../core/audit/epoch.ts';
import { openEntry } from '../../core/audit/seal.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { acknowledged, startAppender, untilAcknowledged, untilSaid } from '../audit/appender-process.ts';
import { check } from '../audit/check.ts';
import { ROUND_EVENTS, verifyAcknowledged } from '../audit/crash.ts';
import { fullDisk, readOnlyDisk, vanishedDisk } from '../audit/disk-faults.ts';
import { stoppedMemory } from '../audit/process-memory.ts';
import { lockEvent } from '../audit/store-kit.ts';
import { storeTests } from '../audit/store-tests.ts';
import { rootTest } from '../support/root.ts';
import { SeatProcess } from '../support/seat-process.ts';

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
const NEEDS_CC = '(needs a C compiler: Debian package gcc)';
const hasFaketime = spawnSync('faketime', ['--version']).status === 0;
const NEEDS_FAKETIME = '(needs Debian package faketime)';

const at = storeTests();

rootTest('fault 26: the disk is full: refused by name, nothing acknowledged is lost, and recording goes on when there is room', () =>
  fullDisk(at),
);

rootTest('fault 26: with the disk full the emergency log still takes an event', async () => {
  at.disk('size=12m');
  const store = await at.seat.open();
  await store.append(lockEvent(1));
  spawnSync('dd', ['if=/dev/zero', `of=${join(at.seat.storeDir, 'filler')}`, 'bs=4k']);
  let refused = '';
  for (let event = 0; refused === '' && event < 5000; event += 1) {
    await store.append(lockEvent(event)).catch((error: unknown) => {
      refused = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    });
  }
  expect(refused).toBe('AUDIT_STORE_FULL');
  expect(await store.appendEmergency(lockEvent(7))).toEqual({ seq: 1 });
  expect(store.status()).toMatchObject({ recording: 'full', emergencyEntries: 2 });
  rmSync(join(at.seat.storeDir, 'filler'));
  await store.append(lockEvent(8));
  await store.close();
});

test.skipIf(!hasCompiler)(
  `fault 27: a flush fails: the store stops, opens again, and never calls the failed commit a success ${NEEDS_CC}`,
  async () => {
    const shim = join(at.seat.dir, 'fsync-fails.so');
    execFileSync('cc', ['-shared', '-fPIC', '-o', shim, join(import.meta.dirname, '..', 'audit', 'fsync-fails.c'), '-ldl']);
    const flag = join(at.seat.dir, 'flag');
    const appender = startAppender(at.seat, { birth: 'enrolment', goesOn: true, env: { LD_PRELOAD: shim, FSYNC_FAILS: flag } });
    await untilAcknowledged(appender, 100);
    writeFileSync(flag, '');
    await untilSaid(appender, 'refused');
    expect(appender.output()).toContain('refused AUDIT_APPEND_FAILED broken');
    const whileFailing = acknowledged(appender.acks).size;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(acknowledged(appender.acks).size).toBe(whileFailing);
    rmSync(flag);
    await untilAcknowledged(appender, whileFailing + 100);
    appender.child.kill('SIGKILL');
    await appender.ended;
    verifyAcknowledged(at.seat, 'after failed flushes', 'again');
  },
);

rootTest('fault 28: the disk turns read-only under the store: refused by name, and nothing acknowledged is lost', () => readOnlyDisk(at));

rootTest('fault 28: the disk vanishes under the store: nothing more is acknowledged into it, and the loss is named', () =>
  vanishedDisk(at),
);

test('fault 28: the files are deleted under the store: noticed at the next event, and named', async () => {
  const store = await at.seat.open();
  await store.append(lockEvent(1));
  await store.append(lockEvent(2));
  for (const suffix of ['', '-wal']) rmSync(`${storePaths(at.seat.storeDir).db}${suffix}`);
  await expect(store.append(lockEvent(3))).rejects.toMatchObject({ code: 'AUDIT_APPEND_FAILED' });
  expect((await store.append(lockEvent(4))).seq).not.toBeNull();
  expect(store.findings.map(({ code }) => code)).toEqual(['STORE_MISSING']);
  await store.close();
  expect(check(at.seat.storeDir, at.seat).faults).toEqual([]);
});

test.skipIf(!hasFaketime)(
  `faults 29 and 30 once for real: the process runs under a clock years ahead, then years behind ${NEEDS_FAKETIME}`,
  async () => {
    const library = [
      '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
      '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
    ].find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
    expect(library).toBeDefined();
    const env = (offset: string) => ({ LD_PRELOAD: library ?? '', FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    const ahead = startAppender(at.seat, { birth: 'enrolment', count: 60, env: env('+20y') });
    expect(await ahead.ended, ahead.output()).toBe(0);
    const behind = startAppender(at.seat, { first: ROUND_EVENTS, count: 60, env: env('-5y') });
    expect(await behind.ended, behind.output()).toBe(0);
    expect(acknowledged(ahead.acks).size).toBe(120);
    verifyAcknowledged(at.seat, 'after clock steps');
  },
);

/** Every distinct 32-byte window of these bytes, without those that begin with zeros. */
function* windowsOf(bytes: Buffer): Generator<Buffer> {
  const seen = new Set<string>();
  for (let at = 0; at + 32 <= bytes.length; at += 1) {
    if (bytes.readUInt32LE(at) === 0) continue;
    const window = bytes.subarray(at, at + 32);
    const text = window.toString('latin1');
    if (seen.has(text)) continue;
    seen.add(text);
    yield window;
  }
}

interface Epoch {
  readonly opener: Uint8Array;
  readonly event: Uint8Array;
}

/** The entry that opens each epoch and one event of it. */
function epochsOf(folder: string): readonly Epoch[] {
  const evidence = openStoreFolder(folder, nodeCrypto);
  try {
    const [source] = evidence.sources;
    const epochs: Epoch[] = [];
    let opener: Uint8Array | undefined;
    for (const { bytes } of source?.entries() ?? []) {
      if (parseHeader(bytes).kind === 2) opener = bytes;
      else if (opener !== undefined) {
        epochs.push({ opener, event: bytes });
        opener = undefined;
      }
    }
    return epochs;
  } finally {
    evidence.close();
  }
}

/** Tries a window as an entry key, as E, and as a recipient's HPKE key. */
function opens(window: Uint8Array, { opener, event }: Epoch, withHpke: boolean): boolean {
  const header = parseHeader(event);
  if (nodeCrypto.aeadKey(window).open(header.nonce, event.subarray(84), event.subarray(0, 84)) !== undefined) return true;
  const epoch = parseHeader(opener);
  if (openEntry(deriveEpochKeys(nodeCrypto, window, epoch), event, header) !== undefined) return true;
  return withHpke && openEpochSecret(nodeCrypto, opener, epoch, window).outcome === 'opened';
}

test('fault 18: stolen disk: no 32-byte window of any file of a seat is an entry key, an epoch secret or a recipient key', async () => {
  const agent = await SeatProcess.create();
  try {
    await agent.start();
    await agent.furnish([{ id: 'ada', badge: '04A1B2C3', pin: '246810' }]);
    for (let life = 0; life < 2; life += 1) {
      await agent.stop();
      await agent.start();
    }
    await agent.stop();
    const epochs = epochsOf(join(agent.state, 'agent', 'audit'));
    expect(epochs.length).toBeGreaterThanOrEqual(3);
    let tried = 0;
    for (const path of allFiles(agent.state)) {
      for (const window of windowsOf(readFileSync(path))) {
        tried += 1;
        // The recipients are the same in each epoch: one of them is enough to tell their private keys.
        const open = epochs.findIndex((epoch, index) => opens(window, epoch, index === 0));
        if (open >= 0) throw new Error(`${path} opens epoch ${open}`);
      }
    }
    expect(tried).toBeGreaterThan(5000);
    // The check itself works: the right key does open.
    expect(epochs.every((epoch) => opens(agent.site.readerKey, epoch, true))).toBe(true);
  } finally {
    await agent.remove();
  }
});

rootTest("fault 19: a dump of the process's memory opens at most the present epoch", async () => {
  const appender = startAppender(at.seat, { birth: 'enrolment', appenders: 1, count: 45, rotateEach: 10, stays: true });
  await untilSaid(appender, 'done');
  // Old keys go with the collection that an epoch's end asks for, a second later under a flood of epochs.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const memory = await stoppedMemory(appender);
  const epochs = epochsOf(at.seat.storeDir);
  expect(epochs.length).toBeGreaterThanOrEqual(3);
  const found = new Set<number>();
  const secrets = epochs.flatMap(({ opener }, index) => {
    const opened = openEpochSecret(nodeCrypto, opener, parseHeader(opener), at.seat.readerKey);
    if (opened.outcome !== 'opened') throw new Error(`epoch ${index} does not open`);
    return memory.some((part) => part.includes(Buffer.from(opened.secret))) ? [index] : [];
  });
  const seen = new Set<string>();
  for (const part of memory) {
    for (let at = 0; at + 32 <= part.length; at += KEY_ALIGNMENT) {
      const window = part.subarray(at, at + 32);
      if (!looksRandom(window)) continue;
      const text = window.toString('latin1');
      if (seen.has(text)) continue;
      seen.add(text);
      for (const [index, { event }] of epochs.entries()) {
        const header = parseHeader(event);
        if (!found.has(index) && nodeCrypto.aeadKey(window).open(header.nonce, event.subarray(84), event.subarray(0, 84)) !== undefined)
          found.add(index);
      }
    }
  }
  const past = [...found, ...secrets].filter((index) => index < epochs.length - 1);
  expect(past).toEqual([]);
  // The search itself works: the present epoch's key is found.
  expect([...found]).toEqual([epochs.length - 1]);
});

/** The allocator aligns what OpenSSL keeps a key in. */
const KEY_ALIGNMENT = 16;
/** 32 random bytes have at most two zeros and at least 24 different values, but for one in millions. */
function looksRandom(window: Uint8Array): boolean {
  let zeros = 0;
  for (const byte of window) if (byte === 0) zeros += 1;
  return zeros <= 2 && new Set(window).size >= 24;
}

function allFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? allFiles(path) : entry.isFile() ? [path] : [];
  });
}
