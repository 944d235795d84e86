/**
 * What a disk does to a recording process: it fills up, turns read-only, disappears. Each acts on a real disk under a real
 * process and holds what it answers against what it had acknowledged. Test helper only.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { acknowledged, between, startAppender, untilAcknowledged, untilSaid } from './appender-process.ts';
import { check } from './check.ts';
import { verifyAcknowledged } from './crash.ts';
import type { StoreTests } from './store-tests.ts';

/** Refused by name; nothing acknowledged is lost; recording goes on when there is room. */
export async function fullDisk(at: StoreTests): Promise<void> {
  const { seat } = at;
  at.disk('size=12m');
  const appender = startAppender(seat, { birth: 'enrolment', goesOn: true });
  await untilAcknowledged(appender, 50);
  const filler = join(seat.storeDir, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
  await untilSaid(appender, 'refused');
  expect(appender.output()).toContain('refused AUDIT_STORE_FULL full');
  const before = acknowledged(appender.acks).size;
  rmSync(filler);
  await untilAcknowledged(appender, before + 50);
  appender.child.kill('SIGKILL');
  await appender.ended;
  verifyAcknowledged(seat, 'after the disk was full', 'again');
}

/** The disk turns read-only under the process: refused by name while it lasts, and at a start; all that was acknowledged is there. */
export async function readOnlyDisk(at: StoreTests): Promise<void> {
  const { seat } = at;
  const disk = at.failing();
  const appender = startAppender(seat, { birth: 'enrolment', goesOn: true });
  await untilAcknowledged(appender, 100);
  // Of a flush that is under way at that moment the kernel itself may say that it is durable when it is not (docs/limitations.md).
  await between(appender, () => disk.turnReadOnly());
  await untilSaid(appender, 'refused');
  expect(appender.output()).toContain('refused AUDIT_APPEND_FAILED broken');
  const whileReadOnly = acknowledged(appender.acks).size;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(acknowledged(appender.acks).size).toBe(whileReadOnly);
  appender.child.kill('SIGKILL');
  await appender.ended;
  await expect(seat.open({ birth: 'existing' })).rejects.toMatchObject({ code: 'AUDIT_STORE_FAILED' });
  disk.mountAgain();
  const store = await seat.open({ birth: 'existing' });
  expect(store.findings).toEqual([]);
  await store.close();
  verifyAcknowledged(seat, 'after the disk was read-only', 'again');
}

/** The disk is taken away under the process: no event is acknowledged into the void, and the loss has its name. */
export async function vanishedDisk(at: StoreTests): Promise<void> {
  const { seat } = at;
  const disk = at.disk('size=64m');
  const appender = startAppender(seat, { birth: 'enrolment', goesOn: true });
  await untilAcknowledged(appender, 100);
  disk.unmount();
  await untilSaid(appender, 'refused');
  expect(appender.output()).toContain('refused AUDIT_APPEND_FAILED broken');
  const before = acknowledged(appender.acks).size;
  await untilAcknowledged(appender, before + 50);
  appender.child.kill('SIGKILL');
  await appender.ended;
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect(faults).toEqual([]);
  const found = [...events.values()].filter(({ type }) => type === 'tamper.found').map(({ body }) => body['fault']);
  expect(found).toEqual(['STORE_MISSING']);
  const after = [...acknowledged(appender.acks)].slice(before);
  expect(after.length).toBeGreaterThanOrEqual(50);
  for (const [event, seq] of after) expect(events.get(seq)?.body['session']).toBe(event.toString(16).padStart(32, '0'));
}
