/** Policies that could cost a ward its seats, at a real agent: one that only watches changes nothing, and one that takes a part of the seat away is refused. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SeatProcess } from '../support/seat-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const url = 'http://127.0.0.1/';
const web = { name: 'Records', kind: 'web' as const, icon: 'web', url, origins: ['http://127.0.0.1'] };

let seat: SeatProcess;
beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

test('in monitor mode a person starts what the policy would deny, as before, and the record says what would have denied it', async () => {
  const syncer = await seat.furnish([ada], {
    mode: 'monitor',
    apps: [
      { ...web, id: 'web' },
      { ...web, id: 'labs' },
    ],
    roles: [{ id: 'nurse', name: 'Nurse', apps: ['web'] }],
  });
  const screens = await seat.screens();
  await screens.client.request('badge', { number: ada.badge });
  await screens.sees((view) => view.prompt?.kind === 'pin');
  await screens.client.request('pin', { pin: ada.pin });
  expect(await screens.sees((view) => view.phase === 'open')).toMatchObject({
    apps: [
      { id: 'web', state: 'ready' },
      { id: 'labs', state: 'ready' },
    ],
  });
  expect(await screens.client.request('launch', { appId: 'labs' })).toEqual({ taken: true });
  await screens.sees((view) => view.apps[1]?.state === 'running');
  expect(screens.web).toEqual(['open labs']);
  const events = await seat.recordUntil(syncer, 'app.launched');
  expect(events.at(-1)).toMatchObject({ body: { app: 'labs', wouldDeny: 'role-lacks-app' } });
});

test('a policy that denies a part of the seat is refused by the part’s name, and the one in force stays', async () => {
  const syncer = await seat.furnish([ada]);
  const { site } = seat;
  const offer = (version: number, path: string) =>
    syncer.request('policy', {
      envelope: site.policy(site.document(version, { rules: [{ id: 'tidy-up', effect: 'deny', paths: [path] }] })),
    });
  for (const [path, part] of [
    ['/usr/sbin/pcscd', /the reader service/],
    ['/usr/bin/login', /recovery login/],
    [process.execPath, /the agent|a part of Wardlock/],
  ] as const) {
    const answer = await offer(2, path);
    expect(answer).toMatchObject({ outcome: 'refused', code: 'POLICY_BRICKS' });
    expect(JSON.stringify(answer)).toMatch(part);
  }
  expect((await seat.screens()).view().truth.policy).toEqual({ state: 'active', version: 1 });
  expect(await offer(2, '/usr/bin/xcalc')).toEqual({ outcome: 'applied', version: 2 });
});
