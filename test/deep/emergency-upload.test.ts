/**
 * A break-glass while the store's disk is full, with a real agent, a real syncer and a real server: the emergency log
 * takes it, it reaches the server as soon as the seat can record again, and the auditor reads it as a story.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openSite } from '../../server/compose.ts';
import { type SmallDisk, smallDisk } from '../audit/small-disk.ts';
import { rootTest } from '../support/root.ts';
import { SeatAndServer } from '../support/seat-and-server.ts';
import type { SeatProcess } from '../support/seat-process.ts';
import { rows, until } from '../support/server-process.ts';

type Screens = Awaited<ReturnType<SeatProcess['screens']>>;

let site: SeatAndServer;
let disk: SmallDisk | null = null;

beforeEach(async () => {
  site = await SeatAndServer.create();
});
afterEach(async () => {
  await site.stopSyncer();
  await site.seat.stop();
  disk?.unmount();
  await site.remove();
});

/** Breaks the glass until the disk of the store is full. */
async function fillUp(screens: Screens): Promise<void> {
  spawnSync('dd', ['if=/dev/zero', `of=${join(site.store, 'filler')}`, 'bs=4k']);
  for (let at = 0; !site.seat.log.includes('AUDIT_STORE_FULL') && at < 200; at += 1) {
    expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: `fire ${at}` })).toEqual({ taken: true });
    await screens.sees((view) => view.phase === 'open');
    await screens.client.request('logout', {});
    await screens.sees((view) => view.phase === 'locked');
  }
  expect(site.seat.log).toContain('AUDIT_STORE_FULL');
}

/** An emergency access that only the emergency log can take. */
async function breakGlass(screens: Screens, note: string): Promise<void> {
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note })).toEqual({ taken: true });
  expect(await screens.sees((view) => view.phase === 'open')).toMatchObject({ session: { kind: 'breakglass', recorded: true } });
  await screens.client.request('logout', {});
  await screens.sees((view) => view.phase === 'locked');
}

/** Where the server has it. */
const indexed = (note: string) => () =>
  rows<{ session_id: string; workstation_id: string; incarnation: string }>(
    site.server.state,
    "select * from indexed_events where type = 'breakglass.started' and body like ?",
    `%${note}%`,
  )[0];

rootTest('a break-glass that only the emergency log took is on the server later, and is a story there', async () => {
  const { seat, server } = site;
  disk = smallDisk(site.store, 'size=12m');
  await seat.start();
  site.startSyncer();
  const screens = await site.enrol();

  await fillUp(screens);
  await breakGlass(screens, 'flood');
  rmSync(join(site.store, 'filler'));

  const found = await until(indexed('flood'));
  const ended = () =>
    rows(server.state, 'select * from indexed_sessions where session_id = ? and ended_at is not null', found.session_id)[0];
  await until(ended);
  const main = rows<{ incarnation: string }>(server.state, 'select incarnation from logs order by first_at')[0];
  expect(found.incarnation).not.toBe(main?.incarnation);
  // The witness was shown how far it reaches: an end that is lost from here on is named.
  const shown = rows<{ size: number; pinned_size: number }>(
    server.state,
    'select size, pinned_size from logs where incarnation = ?',
    found.incarnation,
  )[0];
  expect(shown?.pinned_size).toBeGreaterThanOrEqual(shown?.size ?? Number.POSITIVE_INFINITY);
  const opened = await openSite({ stateFolder: server.state, database: null, tenant: null });
  const story = await opened.stories.story(found.workstation_id, found.session_id);
  await opened.close();
  expect(story).toMatchObject({ session: { kind: 'breakglass', endReason: 'logout' }, incarnation: found.incarnation, gaps: [] });
  expect(story.events.map(({ type }) => type)).toContain('breakglass.ended');
});

rootTest('a seat that is killed on a full disk has its emergency log again, and uploads while nothing can be recorded', async () => {
  const { seat, server } = site;
  disk = smallDisk(site.store, 'size=12m');
  await seat.start();
  site.startSyncer();
  await fillUp(await site.enrol());
  await seat.stop('SIGKILL');
  await seat.start();
  const screens = await seat.screens();
  expect(screens.view()).toMatchObject({ phase: 'locked', truth: { storage: { state: 'full' } } });
  await breakGlass(screens, 'flood');
  const found = await until(indexed('flood'));
  const main = rows<{ incarnation: string }>(server.state, 'select incarnation from logs order by first_at')[0];
  expect(found.incarnation).not.toBe(main?.incarnation);
  expect(screens.view()).toMatchObject({ truth: { storage: { state: 'full' } } });
});
