/**
 * The long poll of seats: waits for a newer policy, for newer staff of the seat's ward, or until somebody who is signed in there came
 * in elsewhere. It decides nothing of what is new.
 */
import type { FastifyRequest } from 'fastify';
import { seatPaths, UpdatesQuery, UpdatesReply } from '../../contract/seat-api.ts';
import type { Site } from '../compose.ts';
import { isCalled } from '../services/logins.ts';
import { concerning } from '../services/scopes.ts';
import type { Woken } from '../services/waiters.ts';
import type { App } from './app.ts';
import { whenLeft } from './departures.ts';
import { forSeats } from './seat-answers.ts';
import { identifySeat, type ReadPeer, type Seat } from './seat-identity.ts';
import { openTurns } from './turns.ts';

const MAX_WAIT_SECONDS = 55;
/** Polls that are answered at a time: a change for all is sealed for each of thousands of seats. */
const LOOKS_AT_ONCE = 4;
/** Why a wait ends. A reason that is given is no exception with a stack, which costs more than the rest of a poll. */
const OVER = 'over';

interface Callers {
  readonly seatOf: (request: FastifyRequest) => Seat;
  readonly readPeer: ReadPeer;
}

interface Known {
  readonly policy: number;
  readonly directory: number;
}

/** Listens before it reads, and waits only when nothing is newer, so that no change is missed between two polls or within one. */
export function updateRoutes(app: App, site: Site, { seatOf, readPeer }: Callers): void {
  const schema = {
    ...forSeats('Waits for a newer policy or staff directory', UpdatesReply),
    querystring: UpdatesQuery,
  };
  const stopping = site.stopping.signal;
  // One listener for all: a combined signal for each of ten thousand waiting seats is memory.
  stopping.addEventListener('abort', site.changes.wakeAll, { once: true });
  const inTurn = openTurns(LOOKS_AT_ONCE);
  app.get(seatPaths.updates, { schema }, async (request, reply): Promise<UpdatesReply> => {
    const { policy, directory, wait } = request.query;
    const known = { policy: Number(policy), directory: Number(directory) };
    const peer = readPeer(request);
    const gone = new AbortController();
    whenLeft(request, reply, () => gone.abort());
    const until = site.now() + Math.min(Number(wait), MAX_WAIT_SECONDS) * 1000;
    const over = (): boolean => until <= site.now() || gone.signal.aborted || stopping.aborted;
    let seat = seatOf(request);
    const look = async (): Promise<UpdatesReply> => {
      // Whoever has gone meanwhile, and a server that goes, costs nothing any more: the seat asks anew.
      if (gone.signal.aborted || stopping.aborted) return nothing;
      // Whoever was revoked while it waited, or whose certificate ended, gets nothing that came after.
      seat = await identifySeat(site.store.db, peer, site.now());
      return newerFor(site, seat, known);
    };
    for (let woken: Woken = 'changed'; ; ) {
      // A seat that was moved to another ward has a newer directory for that: it never goes on waiting for its former one.
      const change = site.changes.wait(Math.max(0, until - site.now()), gone.signal, seat);
      // One that is called is one of few, and somebody stands before two seats.
      const newer = await (woken === 'called' ? look() : inTurn(look));
      if (newer.policy !== null || newer.directory !== null || newer.people || over()) {
        gone.abort(OVER);
        return newer;
      }
      woken = await change;
    }
  });
}

const nothing: UpdatesReply = { policy: null, directory: null, people: false };

async function newerFor(site: Site, seat: Seat, known: Known): Promise<UpdatesReply> {
  const { db } = site.store;
  const published = (await site.policies.version()) > known.policy ? await site.policies.latest() : null;
  const { directory, people } = await concerning(db, seat);
  const isNewer = directory > known.directory || (known.directory === 0 && (await site.directories.version()) > 0);
  return {
    policy: published === null ? null : { version: published.version, envelope: published.envelope.toString('base64') },
    directory: isNewer ? await site.directories.sealFor(seat) : null,
    people: await isCalled(db, seat.workstationId),
    peopleMark: people,
  };
}
