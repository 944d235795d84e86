/** A policy that gives no emergency access without a record: a real agent whose record does not open and, later, does again. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeatProcess } from '../support/seat-process.ts';

let seat: SeatProcess;
beforeEach(async () => {
  seat = await SeatProcess.create();
});
afterEach(() => seat.remove());

test('no emergency that nothing records, where the policy forbids it: the seat stays shut, says so, and reports it after the repair', async () => {
  await seat.start();
  await seat.furnish([], { failures: { emergencyUnrecordedMinutes: 0 } });
  await seat.stop();
  const store = join(seat.state, 'agent', 'audit');
  await rename(store, `${store}.away`);
  await writeFile(store, 'in the way');
  await seat.start();
  const screens = await seat.screens();
  await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'fire' });
  expect(await screens.sees((view) => view.message !== null)).toMatchObject({
    phase: 'locked',
    session: null,
    message: { key: 'breakglass.unavailable', code: 'AUDIT_APPEND_FAILED' },
  });
  await seat.stop();
  await rm(store);
  await rename(`${store}.away`, store);
  await seat.start();
  const events = await seat.record(await seat.syncer());
  expect(events.slice(-3)).toMatchObject([
    { type: 'recording.started' },
    { type: 'breakglass.started', body: { reason: 'emergency', note: 'fire' } },
    { type: 'breakglass.ended', body: { reason: 'unrecorded' } },
  ]);
});
