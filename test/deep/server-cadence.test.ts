/**
 * What an onlooker and an attacker on the line make of a seat's anchors, with a real agent, syncer and server under one wall clock:
 * an alert shows neither in their size nor in their cadence, and when they stop somebody is told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIdentity } from '../../agent/syncer/identity.ts';
import { lanes } from '../../agent/syncer/lanes.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { openAuthority } from '../../server/site/authority.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { type Answer, FaultTerminator, type SeenRequest } from '../support/fault-terminator.ts';
import { SeatAndServer } from '../support/seat-and-server.ts';
import type { Screens } from '../support/seat-process.ts';
import { rows, until } from '../support/server-process.ts';
import { hasSiteClock, NEEDS_SITE_CLOCK, openSiteClock, type SiteClock } from '../support/site-clock.ts';

/** A request that a busy machine holds up makes the time to the next one shorter. */
const HELD_UP_MS = 5000;

let folder: string;
let clock: SiteClock | null = null;
let site: SeatAndServer;
let proxy: FaultProxy;
let middle: FaultTerminator;
let screens: Screens;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-cadence-'));
  if (hasSiteClock) clock = openSiteClock(folder);
  site = await SeatAndServer.create();
  const port = Number(new URL(site.server.ready.seats).port);
  proxy = await FaultProxy.start(port);
  await site.seat.start();
  site.startSyncer();
  screens = await site.enrol(`https://127.0.0.1:${proxy.port}`);
  const identity = readIdentity(join(site.seat.state, 'syncer'));
  if (identity === null) throw new Error('the seat is not enrolled');
  const { authority } = await openAuthority(site.server.state, 'site', Date.now());
  middle = await FaultTerminator.start(authority, identity, port);
});
afterAll(async () => {
  await middle.end();
  await proxy.end();
  await site.remove();
  clock?.release();
  await rm(folder, { recursive: true, force: true });
});

interface SeenAnchor {
  readonly at: number;
  /** On the wire, with what TLS adds; null for the first request of a connection, which comes with its handshake. */
  readonly bytes: number | null;
}

/** Notes anchors as they come by; `refuse` answers one upload in the server's place. */
function watch(): { readonly anchors: SeenAnchor[]; uploads: number; refuse: Answer | null } {
  const seen = { anchors: [] as SeenAnchor[], uploads: 0, refuse: null as Answer | null };
  const upTo = new Map<number, number>();
  middle.decide = ({ path, method, port }: SeenRequest) => {
    const before = upTo.get(port);
    const all = proxy.bytesFrom(port);
    upTo.set(port, all);
    if (path === seatPaths.addCheckpoint) seen.anchors.push({ at: performance.now(), bytes: before === undefined ? null : all - before });
    if (method !== 'PUT') return 'pass';
    seen.uploads += 1;
    const { refuse } = seen;
    seen.refuse = null;
    return refuse ?? 'pass';
  };
  proxy.target = middle.port;
  return seen;
}

test('fault 52: an alert shows neither in the size of anchors on the wire nor in their cadence, and starts none', async () => {
  const seen = watch();
  const known = (from: number) => seen.anchors.slice(from).flatMap(({ bytes }) => bytes ?? []);
  await until(() => seen.anchors.length > 1 && known(0).length > 0);
  const idle = seen.anchors.length;
  // The next one is half an interval away at the least: what comes before it comes of the alert.
  const body = Buffer.from(JSON.stringify({ code: 'INTAKE_DIFFERENT_BYTES', message: 'Other bytes.' }));
  seen.refuse = { status: 422, headers: { 'content-type': 'application/json' }, body };
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'the alert' })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  const found = (type: string) => rows(site.server.state, 'select * from indexed_events where type = ?', type).length > 0;
  await until(() => found('sync.incident') && found('breakglass.started'));
  expect(seen.uploads).toBeGreaterThan(1);
  expect(seen.anchors.length).toBe(idle);
  await until(() => known(idle).length > 0);
  expect(new Set(known(0)).size).toBe(1);
  const shortest = lanes.anchors.intervalMs * lanes.anchors.floor - HELD_UP_MS;
  const gaps = seen.anchors.slice(1).map(({ at }, place) => at - (seen.anchors[place]?.at ?? 0));
  expect(gaps.filter((gap) => gap < shortest)).toEqual([]);
});

test.skipIf(!hasSiteClock)(
  `fault 51: uploads suppressed: the server itself raises the alarm once three anchors are missed ${NEEDS_SITE_CLOCK}`,
  async () => {
    const alarms = () => rows<{ kind: string; detail: string }>(site.server.state, 'select kind, detail from alarms');
    expect(alarms().filter(({ kind }) => kind === 'SEAT_SILENT')).toEqual([]);
    await site.stopSyncer();
    clock?.setDays(1);
    const [alarm] = await until(() => {
      const found = alarms().filter(({ kind }) => kind === 'SEAT_SILENT');
      return found.length > 0 ? found : null;
    });
    expect(alarm?.detail).toContain('has not anchored its log since');
  },
);
