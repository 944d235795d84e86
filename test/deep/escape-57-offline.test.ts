/**
 * Thirty days without a server, in compressed time: server, agent and syncer are real processes under one wall clock that the
 * test moves, while their boot clocks stay the machine's. The syncer runs and tries all the while.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SeatView } from '../../contract/seat-view.ts';
import { cli, rows, until } from '../support/server-process.ts';
import { hasSiteClock, NEEDS_SITE_CLOCK, openSiteClock, type SiteClock } from '../support/site-clock.ts';
import { Ward, type WardSeat } from '../support/ward.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '805917' };
const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
const TEST_MS = 120_000;
const EXPIRES_AFTER_DAYS = 25;

const POLICY = {
  roles: [{ id: 'nurse', name: 'Nurse', apps: ['web'], badgeOnlySeconds: 43_200 }],
  signIn: { rules: [], staffAge: { maxSeconds: 7 * DAY_SECONDS, tooOld: 'pin' as const } },
};

let folder: string;
let clock: SiteClock;
let ward: Ward | null;
beforeEach(async () => {
  ward = null;
  folder = await mkdtemp(join(tmpdir(), 'wardlock-clock-'));
  clock = openSiteClock(folder);
});
afterEach(async () => {
  await ward?.remove();
  clock.release();
  await rm(folder, { recursive: true, force: true });
});

/** Ada comes and goes; answers whether the badge was enough. */
async function visit(seat: WardSeat): Promise<'badge' | 'badge and PIN'> {
  await seat.screens.client.request('badge', { number: ada.badge });
  const view = await seat.screens.sees(({ phase, prompt }) => phase === 'open' || prompt?.kind === 'pin');
  if (view.prompt?.kind === 'pin') await seat.pin(ada.pin);
  await seat.opened();
  await seat.leave();
  return view.phase === 'open' ? 'badge' : 'badge and PIN';
}

const truth = (seat: WardSeat, what: (view: SeatView['truth']) => boolean) => seat.screens.sees(({ truth: now }) => what(now));

test.skipIf(!hasSiteClock)(
  `escape 57 30 days offline: people come in as the policy says, the seat says how old its knowledge is, and all is taken over afterwards, once ${NEEDS_SITE_CLOCK}`,
  { timeout: TEST_MS },
  async () => {
    const expiresAt = new Date(Date.now() + EXPIRES_AFTER_DAYS * DAY_MS).toISOString();
    ward = await Ward.open(1, [ada], { ...POLICY, expiresAt });
    const [seat] = ward.seats;
    if (seat === undefined) throw new Error('one seat');
    const ask = (command: string) => cli([command, '--state', seat.process.state]).catch((failed: { stdout: string }) => failed.stdout);
    expect(await visit(seat)).toBe('badge and PIN');
    expect(await visit(seat)).toBe('badge');
    await truth(seat, ({ storage, connection }) => connection.state === 'online' && storage.unreceipted === 0);
    const [before] = rows<{ size: number }>(ward.server.state, 'select size from logs');
    await ward.server.stop();
    await truth(seat, ({ connection }) => connection.state === 'offline');
    const { asOf } = seat.screens.view().truth.staff;

    let waiting = 0;
    for (const day of [3, 9, 16, 23]) {
      clock.setDays(day);
      const old = day > 7;
      const { truth: now } = await truth(seat, ({ policy, staff }) => policy.state === 'stale' && staff.state === (old ? 'old' : 'fresh'));
      expect(now.staff.asOf).toBe(asOf);
      // With the staff too old for it the badge alone is not enough any more.
      expect(await visit(seat)).toBe(old ? 'badge and PIN' : 'badge');
      const { storage } = (await truth(seat, (view) => view.storage.unreceipted > waiting)).truth;
      waiting = storage.unreceipted;
      expect(storage).toMatchObject({ state: 'ok' });
      expect(storage.daysLeft).toBeGreaterThan(0);
    }
    expect(await ask('status')).toContain('Policy 1 (stale), connection offline');
    const doctor = await ask('doctor');
    expect(doctor).toContain(`as of ${asOf}. That is old by the policy: every sign-in needs the PIN.`);
    expect(doctor).toMatch(/[1-9][0-9]* entries wait for the server, room for about [1-9][0-9]* days/);

    clock.setDays(30);
    await truth(seat, ({ policy }) => policy.state === 'expired');
    // Neither does a crash make anything young again.
    await seat.restart();
    await truth(seat, ({ policy, staff }) => policy.state === 'expired' && staff.asOf === asOf);
    const { client } = seat.screens;
    await client.request('badge', { number: ada.badge });
    await seat.screens.sees((view) => view.message?.key === 'policy.expired' && view.phase === 'locked');
    expect(await ask('doctor')).toContain('Policy 1 has expired: only emergency access works.');
    expect(await client.request('breakGlass', { reasonId: 'emergency', note: 'on day thirty' })).toEqual({ taken: true });
    await seat.opened();
    await seat.leave();

    await ward.serverBack();
    await ward.publish({ ...POLICY, expiresAt: '2099-01-01T00:00:00Z' });
    await truth(
      seat,
      ({ connection, policy, staff }) =>
        connection.state === 'online' && policy.state === 'active' && policy.version === 2 && staff.state === 'fresh',
    );
    expect(seat.screens.view().truth.staff.asOf).not.toBe(asOf);
    await visit(seat);
    await truth(seat, ({ storage }) => storage.unreceipted === 0);

    const { state } = ward.server;
    const events = (type: string): number => rows(state, 'select seq from indexed_events where type = ?', type).length;
    await until(() => events('session.started') >= 7);
    expect([events('session.started'), events('breakglass.started')]).toEqual([7, 1]);
    const [log, ...others] = rows<{ size: number; stored: number }>(
      state,
      'select size, (select sum(count) from segments) as stored from logs',
    );
    expect(others).toEqual([]);
    expect(log?.stored).toBe(log?.size);
    expect(log?.size).toBeGreaterThan((before?.size ?? 0) + waiting);
    expect(rows(state, 'select * from evidence')).toEqual([]);
    // Anchors go on by themselves, within the minute that lies between two; the seat keeps what the witness said.
    await until(async () => {
      const { witnessed }: { witnessed: { size: number; at: string } | null } = JSON.parse(
        await cli(['status', '--state', seat.process.state, '--json']),
      );
      return witnessed !== null && witnessed.size > (before?.size ?? 0) + waiting && Date.parse(witnessed.at) > Date.now() + 29 * DAY_MS;
    });
    expect(await ask('status')).toMatch(/The server's witness confirmed [1-9][0-9]* entries of the record, last on 20/);
    const copy = join(folder, 'snapshot.db');
    const { logKey }: { logKey: string } = JSON.parse(await cli(['audit', 'snapshot', copy, '--state', seat.process.state, '--json']));
    const verified = await cli(['audit', 'verify', copy, '--key', logKey, '--key', ward.server.ready.witnessKey]);
    expect(verified).toMatch(/^OK .*cosigned by the witness to [1-9]/);
  },
);
