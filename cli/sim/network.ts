/**
 * The network of simulated seats: counts and times what goes over it, and is gone when an outage says so. It owns no request;
 * those are the syncer's own.
 */
import type { ClientIdentity, SeatAnswer, SeatCall, SeatClient } from '../../agent/syncer/seat-client.ts';
import { openSeatClient } from '../../agent/syncer/seat-client.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { WardlockError } from '../../core/errors/index.ts';

/** Requests are counted in windows of this many seconds of simulated time. */
export const WINDOW_SECONDS = 10;
const TOO_MANY = 429;
const OK = 200;

export interface Traffic {
  /** Milliseconds of real time of each upload that was taken. */
  readonly uploadsMs: number[];
  anchors: number;
  /** Long polls, exchanges about people, and reports of what became of policy and staff and of what a seat enforces, that were answered. */
  polls: number;
  exchanges: number;
  reports: number;
  /** Answered 429. */
  refused: number;
  /** Not answered. */
  failed: number;
  /** Requests sent in each window since the start. */
  readonly windows: number[];
  /** Those of them that were answered 429. */
  readonly refusedWindows: number[];
}

export interface SimNetwork {
  readonly traffic: Traffic;
  away: boolean;
  /** Simulated milliseconds since the start. */
  elapsed(): number;
  /** A seat's way to the server. */
  clientFor(server: string, ca: string, identity: ClientIdentity): SeatClient;
  /** Cuts every connection. */
  cut(): void;
}

export function openNetwork(speed: number): SimNetwork {
  const began = performance.now();
  const traffic: Traffic = {
    uploadsMs: [],
    anchors: 0,
    polls: 0,
    exchanges: 0,
    reports: 0,
    refused: 0,
    failed: 0,
    windows: [],
    refusedWindows: [],
  };
  const lines = new Set<() => void>();
  const network: SimNetwork = {
    traffic,
    away: false,
    elapsed: () => (performance.now() - began) * speed,
    cut: () => {
      for (const drop of lines) drop();
    },
    clientFor: (server, ca, identity) => {
      let client = openSeatClient(server, ca, identity);
      const drop = (): void => {
        client.close();
        client = openSeatClient(server, ca, identity);
      };
      lines.add(drop);
      return {
        call: async (wanted) => {
          if (network.away) throw new WardlockError('SERVER_UNREACHABLE', 'The simulated network is gone.');
          const window = Math.floor(network.elapsed() / (WINDOW_SECONDS * 1000));
          traffic.windows[window] = (traffic.windows[window] ?? 0) + 1;
          const answer = await timed(traffic, wanted, () => client.call(wanted));
          if (answer.status === TOO_MANY) traffic.refusedWindows[window] = (traffic.refusedWindows[window] ?? 0) + 1;
          return answer;
        },
        close: () => {
          lines.delete(drop);
          client.close();
        },
      };
    },
  };
  return network;
}

async function timed(traffic: Traffic, { path, signal }: SeatCall, call: () => Promise<SeatAnswer>): Promise<SeatAnswer> {
  const sent = performance.now();
  try {
    const answer = await call();
    if (answer.status === TOO_MANY) traffic.refused += 1;
    else if (answer.status === OK && path.startsWith(seatPaths.entries)) traffic.uploadsMs.push(performance.now() - sent);
    else if (answer.status === OK && path === seatPaths.addCheckpoint) traffic.anchors += 1;
    else if (answer.status === OK && path === seatPaths.people) traffic.exchanges += 1;
    else if (answer.status === OK && path === seatPaths.reports) traffic.reports += 1;
    else if (answer.status === OK && path.startsWith(seatPaths.updates)) traffic.polls += 1;
    return answer;
  } catch (failure) {
    // What its own lane gave up, as a poll at the end, is no failure.
    if (signal?.aborted !== true) traffic.failed += 1;
    throw failure;
  }
}
