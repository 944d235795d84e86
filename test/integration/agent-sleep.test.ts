/** A seat whose machine sleeps while somebody is signed in: the agent sees it by its own clocks, whatever the screens tell. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SeatProcess } from '../support/seat-process.ts';
import { hasSiteClock, NEEDS_SITE_CLOCK, openSiteClock } from '../support/site-clock.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
/** Shorter than any time of the policy, so that nothing else locks. */
const NAP_SECONDS = 20;

test.skipIf(!hasSiteClock)(`a machine that slept has locked its seat when it is looked at, and says so ${NEEDS_SITE_CLOCK}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wl-sleep-'));
  const clock = openSiteClock(folder);
  const seat = await SeatProcess.create();
  try {
    await seat.start();
    const syncer = await seat.furnish([ada]);
    const screens = await seat.screens();
    await screens.client.request('badge', { number: ada.badge });
    await screens.sees((view) => view.prompt?.kind === 'pin');
    await screens.client.request('pin', { pin: ada.pin });
    await screens.sees((view) => view.phase === 'open');
    clock.sleepSeconds(NAP_SECONDS);
    expect(await screens.sees((view) => view.phase === 'locked')).toMatchObject({ kept: { initials: 'AD' } });
    expect((await seat.recordUntil(syncer, 'power.changed')).at(-1)).toMatchObject({ body: { what: 'slept' } });
    expect((await seat.recordUntil(syncer, 'session.locked')).at(-1)).toMatchObject({ body: { reason: 'power-slept' } });
    // The screens slept too: they are not lost, and whoever is there goes on by them.
    await screens.client.request('badge', { number: ada.badge });
    await screens.sees((view) => view.prompt?.kind === 'pin');
    const lost = (await seat.record(syncer)).filter(({ type }) => type === 'ui.lost');
    expect(lost).toMatchObject([{ body: { reason: 'closed' } }]);
  } finally {
    await seat.remove();
    clock.release();
    await rm(folder, { recursive: true, force: true });
  }
});
