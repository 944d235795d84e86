/**
 * A real seat that is enrolled at a real server through a network that a test disturbs, and through somebody in the middle who holds
 * the site's own keys and the seat's certificate. Owns all of these processes and ends them.
 */
import { join } from 'node:path';
import { readIdentity } from '../../agent/syncer/identity.ts';
import { openAuthority } from '../../server/site/authority.ts';
import { FaultProxy } from './fault-proxy.ts';
import { FaultTerminator } from './fault-terminator.ts';
import { SeatAndServer } from './seat-and-server.ts';
import type { Screens } from './seat-process.ts';

export interface SeatBehindProxy {
  readonly site: SeatAndServer;
  /** What the seat takes for its server; it leads straight there until a test leads it to `middle`. */
  readonly proxy: FaultProxy;
  readonly middle: FaultTerminator;
  readonly screens: Screens;
  remove(): Promise<void>;
}

/** The syncer runs. @param speed how many times faster its lanes go */
export async function seatBehindProxy(speed = 1): Promise<SeatBehindProxy> {
  const site = await SeatAndServer.create(speed);
  const port = Number(new URL(site.server.ready.seats).port);
  const proxy = await FaultProxy.start(port);
  await site.seat.start();
  site.startSyncer();
  const screens = await site.enrol(`https://127.0.0.1:${proxy.port}`);
  const identity = readIdentity(join(site.seat.state, 'syncer'));
  if (identity === null) throw new Error('the seat is not enrolled');
  const { authority } = await openAuthority(site.server.state, 'site', Date.now());
  const middle = await FaultTerminator.start(authority, identity, port);
  return {
    site,
    proxy,
    middle,
    screens,
    remove: async () => {
      await middle.end();
      await proxy.end();
      await site.remove();
    },
  };
}
