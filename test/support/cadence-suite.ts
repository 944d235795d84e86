/**
 * What an onlooker and an attacker on the line make of a seat's anchors, with a real agent, syncer and server under one wall clock:
 * an alert shows neither in their size nor in their cadence, and when they stop somebody is told. At the syncer's own pace it takes
 * minutes, of which nearly all is waiting.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lanes } from '../../agent/syncer/lanes.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import type { Answer, SeenRequest } from './fault-terminator.ts';
import { type SeatBehindProxy, seatBehindProxy } from './seat-behind-proxy.ts';
import { rows, until } from './server-process.ts';
import { hasSiteClock, NEEDS_SITE_CLOCK, openSiteClock, type SiteClock } from './site-clock.ts';

/** A request that a busy machine holds up makes the time to the next one shorter. */
const HELD_UP_MS = 5000;

const A_DAY_SECONDS = 86_400;

/** What comes with an anchor is waited for through so many of their intervals: the first one on a connection has no size of its own. */
const INTERVALS_WAITED = 4;

interface SeenAnchor {
  readonly at: number;
  /** On the wire, with what TLS adds; null for the first request of a connection, which comes with its handshake. */
  readonly bytes: number | null;
}

/** @param speed how many times faster than a seat's the syncer's lanes go */
export function cadenceSuite(speed: number): void {
  let folder: string;
  let clock: SiteClock | null = null;
  let behind: SeatBehindProxy;
  let site: SeatBehindProxy['site'];
  let screens: SeatBehindProxy['screens'];
  const patienceMs = (lanes.anchors.intervalMs / speed) * INTERVALS_WAITED;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardlock-cadence-'));
    if (hasSiteClock) clock = openSiteClock(folder);
    behind = await seatBehindProxy(speed);
    ({ site, screens } = behind);
  });
  afterAll(async () => {
    await behind.remove();
    clock?.release();
    await rm(folder, { recursive: true, force: true });
  });

  /** Notes anchors as they come by; `refuse` answers one upload in the server's place. */
  function watch(): { readonly anchors: SeenAnchor[]; uploads: number; refuse: Answer | null } {
    const seen = { anchors: [] as SeenAnchor[], uploads: 0, refuse: null as Answer | null };
    const upTo = new Map<number, number>();
    const { middle, proxy } = behind;
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
    await until(() => known(0).length > 0, patienceMs);
    const idle = seen.anchors.length;
    // The next one is half an interval away at the least: what comes sooner comes of the alert.
    const body = Buffer.from(JSON.stringify({ code: 'INTAKE_DIFFERENT_BYTES', message: 'Other bytes.' }));
    seen.refuse = { status: 422, headers: { 'content-type': 'application/json' }, body };
    expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'the alert' })).toEqual({ taken: true });
    await screens.sees((view) => view.phase === 'open');
    const found = (type: string) => rows(site.server.state, 'select * from indexed_events where type = ?', type).length > 0;
    await until(() => found('sync.incident') && found('breakglass.started'));
    expect(seen.uploads).toBeGreaterThan(1);
    // In compressed time the next one may be due before the alert is in the index.
    if (speed === 1) expect(seen.anchors.length).toBe(idle);
    await until(() => known(idle).length > 0, patienceMs);
    expect(new Set(known(0)).size).toBe(1);
    const shortest = (lanes.anchors.intervalMs / speed) * lanes.anchors.floor - HELD_UP_MS;
    const gaps = seen.anchors.slice(1).map(({ at }, place) => at - (seen.anchors[place]?.at ?? 0));
    expect(gaps.filter((gap) => gap < shortest)).toEqual([]);
  });

  test.skipIf(!hasSiteClock)(
    `fault 51: uploads suppressed: the server itself raises the alarm once three anchors are missed ${NEEDS_SITE_CLOCK}`,
    async () => {
      const alarms = () => rows<{ kind: string; detail: string }>(site.server.state, 'select kind, detail from alarms');
      expect(alarms().filter(({ kind }) => kind === 'SEAT_SILENT')).toEqual([]);
      await site.stopSyncer();
      clock?.passSeconds(A_DAY_SECONDS);
      const [alarm] = await until(() => {
        const found = alarms().filter(({ kind }) => kind === 'SEAT_SILENT');
        return found.length > 0 ? found : null;
      });
      expect(alarm?.detail).toContain('has not anchored its log since');
    },
  );
}
