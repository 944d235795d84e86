/** Fault 26 at a start and at an end: a full disk keeps no seat from its record, which is read, uploaded, and goes on when there is room. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { acknowledged, startAppender, untilAcknowledged, untilSaid } from '../audit/appender-process.ts';
import { check, entryOf, putEntry, tamper } from '../audit/check.ts';
import { verifyAcknowledged } from '../audit/crash.ts';
import { lockEvent } from '../audit/store-kit.ts';
import { storeTests } from '../audit/store-tests.ts';
import { rootTest } from '../support/root.ts';

const at = storeTests();
const LIMITS = { maxBytes: 100_000, maxEntries: 100 };

const filler = (): string => join(at.seat.storeDir, 'filler');
const fill = (): void => void spawnSync('dd', ['if=/dev/zero', `of=${filler()}`, 'bs=4k']);
const ends = (): readonly unknown[] => {
  const { events } = check(at.seat.storeDir, at.seat, { privateKey: at.seat.readerKey });
  return [...events.values()].filter(({ type }) => type === 'recording.stopped').map(({ body }) => body['reason']);
};

/** Kills a process that recorded until there was no room. */
async function killedWhileFull(): Promise<void> {
  at.disk('size=12m');
  const appender = startAppender(at.seat, { birth: 'enrolment', goesOn: true });
  await untilAcknowledged(appender, 50);
  fill();
  await untilSaid(appender, 'refused');
  expect(appender.output()).toContain('refused AUDIT_STORE_FULL full');
  appender.child.kill('SIGKILL');
  await appender.ended;
}

rootTest(
  'killed on a full disk: the next start opens, gives its entries and takes an emergency, and records when there is room',
  async () => {
    await killedWhileFull();
    fill();
    const store = await at.seat.open({ birth: 'existing' });
    const known = acknowledged(join(at.seat.dir, 'acks')).size;
    const { recording, size } = store.status();
    expect(recording).toBe('full');
    expect(size).toBeGreaterThan(known);
    expect(store.readFrom(1, LIMITS).entries.length).toBeGreaterThan(0);
    expect(store.findings).toEqual([]);
    await expect(store.append(lockEvent(1))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    expect(await store.appendEmergency(lockEvent(2))).toEqual({ seq: 1 });
    expect(store.logs()).toHaveLength(2);
    rmSync(filler());
    await expect.poll(() => store.append(lockEvent(3)).catch(() => null), { timeout: 10_000 }).toMatchObject({ seq: expect.any(Number) });
    expect(store.status().recording).toBe('ok');
    await store.close();
    expect(ends()).toEqual(['inferred', 'shutdown']);
    verifyAcknowledged(at.seat, 'after a start on a full disk', 'again');
  },
);

rootTest('a receipt on a full disk is kept by the anchor, and by the store as soon as there is room', async () => {
  await killedWhileFull();
  fill();
  const store = await at.seat.open({ birth: 'existing' });
  const { checkpoint, entries } = store.readFrom(1, LIMITS);
  expect(entries.length).toBeGreaterThan(0);
  const { size, root } = parseCheckpoint(checkpoint).checkpoint;
  expect(await store.applyReceipt(at.seat.receipt(store, size, root))).toEqual({ outcome: 'accepted', receiptedSize: size });
  await store.close();
  const again = await at.seat.open({ birth: 'existing' });
  expect(again.findings).toEqual([]);
  rmSync(filler());
  expect(await again.applyReceipt(at.seat.receipt(again, size, root))).toMatchObject({ outcome: 'accepted' });
  await again.close();
  expect(check(at.seat.storeDir, at.seat, { receiptKeys: [at.seat.mirrorKey] }).faults).toEqual([]);
});

rootTest(
  'closed in good order, then the disk filled up: the start gives its entries, and the end before it stays a clean one',
  async () => {
    at.disk('size=12m');
    const store = await at.seat.open();
    for (let event = 0; event < 20; event += 1) await store.append(lockEvent(event));
    await store.close();
    fill();
    const full = await at.seat.open();
    expect(full.status()).toMatchObject({ recording: 'full', size: 22 });
    expect(full.readFrom(1, LIMITS).entries).toHaveLength(21);
    await full.close();
    rmSync(filler());
    const again = await at.seat.open();
    expect(again.findings).toEqual([]);
    await again.close();
    expect(ends()).toEqual(['shutdown', 'shutdown']);
  },
);

rootTest('a damaged log on a full disk is replaced when there is room, and what was wrong with it is named', async () => {
  at.disk('size=12m');
  const store = await at.seat.open();
  for (let event = 0; event < 20; event += 1) await store.append(lockEvent(event));
  await store.close();
  tamper(at.seat, (db) => {
    const bytes = entryOf(db, 10);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    putEntry(db, 10, bytes);
  });
  fill();
  const full = await at.seat.open();
  await expect(full.append(lockEvent(1))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect(full.status()).toMatchObject({ recording: 'full' });
  rmSync(filler());
  await expect.poll(() => full.append(lockEvent(2)).catch(() => null), { timeout: 10_000 }).toMatchObject({ seq: expect.any(Number) });
  expect(full.findings.map(({ code }) => code)).toEqual(['ENTRY_ALTERED', 'ENTRIES_UNVERIFIED']);
  expect(full.status().retiredUnreceipted).toBeGreaterThan(0);
  await full.close();
});

rootTest('an end on a full disk comes to its end: what could not be recorded of it is said by the next start', async () => {
  at.disk('size=12m');
  const store = await at.seat.open();
  await store.append(lockEvent(1));
  fill();
  for (let event = 0, refused = false; !refused; event += 1) {
    await store.append(lockEvent(event)).catch(() => {
      refused = true;
    });
  }
  await store.close();
  expect(at.seat.problems.join('\n')).toContain('The end of recording could not be recorded.');
  rmSync(filler());
  const again = await at.seat.open();
  expect(again.findings).toEqual([]);
  await again.close();
  expect(ends()).toEqual(['inferred', 'shutdown']);
});
