/**
 * A seat whose record can't be written: nobody signs in, emergency access still opens, and what no log could take is
 * reported as soon as one can.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeatProcess } from '../support/seat-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
let seat: SeatProcess;

beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
  await seat.furnish([ada]);
  await seat.stop();
});
afterEach(() => seat.remove());

test('a session that could not begin gets no end from the agent that starts next', async () => {
  const store = join(seat.state, 'agent', 'audit');
  await rename(store, `${store}.away`);
  await writeFile(store, 'in the way');
  await seat.start();
  const screens = await seat.screens();
  await screens.client.request('badge', { number: ada.badge });
  await screens.client.request('pin', { pin: ada.pin });
  await screens.sees((view) => view.message?.key === 'store.broken');
  await seat.stop('SIGKILL');
  await rm(store);
  await rename(`${store}.away`, store);
  await seat.start();
  const events = await seat.record(await seat.syncer());
  expect(events.filter(({ type }) => type === 'recording.started')).toHaveLength(2);
  expect(events.filter(({ type }) => type.startsWith('session.'))).toEqual([]);
});

test('a record that does not open: no session, break-glass unrecorded and said so, reported after the repair', async () => {
  const store = join(seat.state, 'agent', 'audit');
  await rename(store, `${store}.away`);
  await writeFile(store, 'in the way');
  await seat.start();
  const screens = await seat.screens();
  expect(screens.view()).toMatchObject({ phase: 'locked', truth: { storage: { state: 'broken' } } });
  await screens.client.request('badge', { number: ada.badge });
  await screens.client.request('pin', { pin: ada.pin });
  expect(await screens.sees((view) => view.message !== null)).toMatchObject({
    phase: 'locked',
    session: null,
    message: { key: 'store.broken', params: { emergency: 'works' } },
  });
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'fire' })).toEqual({ taken: true });
  expect(await screens.sees((view) => view.phase === 'open')).toMatchObject({ session: { kind: 'breakglass', recorded: false } });
  await screens.client.request('logout', {});
  await screens.sees((view) => view.phase === 'locked');
  await seat.stop('SIGKILL');
  await rm(store);
  await rename(`${store}.away`, store);
  await seat.start();
  const events = await seat.record(await seat.syncer());
  const reported = events.slice(events.findLastIndex((event) => event.type === 'recording.started'));
  expect(reported.map((event) => event.type).filter((type) => type !== 'ui.connected')).toEqual([
    'recording.started',
    'breakglass.started',
    'breakglass.ended',
  ]);
  expect(reported[1]).toMatchObject({ body: { reason: 'emergency', note: 'fire' } });
});
