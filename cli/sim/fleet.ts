/**
 * Many simulated seats that record and sync as real ones do: the syncer's own lanes, pacing, backoff and jitter, in time that
 * may pass faster than the clock. It judges nothing; what reached the server is counted in its database.
 */
import type { SimNetwork } from './network.ts';
import type { Outage } from './outage-plan.ts';
import type { SimSeat } from './seat.ts';
import { openSimSession } from './session.ts';

/** Simulated time that seats may take to bring everything after the last event: twice the longest backoff. */
const DRAIN_MS = 1_800_000;
const LOOK_MS = 100;
const SECONDS_PER_HOUR = 3600;
const SAY_MS = 5000;

export interface FleetPlan {
  readonly server: string;
  /** Events a second of each seat. */
  readonly rate: number;
  /** People that come in at each seat in an hour. */
  readonly signIns: number;
  readonly minutes: number;
  /** When all seats lose the network; null for never. */
  readonly outage: Outage | null;
  /** Simulated seconds in a real one. Every time above is simulated time. */
  readonly speed: number;
  readonly say: (text: string) => void;
}

export interface FleetEnd {
  /** Entries that a seat has no receipt for at the end. */
  readonly unacknowledged: number;
  /** How many people came in. */
  readonly signIns: number;
  /** Codes of what went wrong at the seats, with how often. */
  readonly incidents: Readonly<Record<string, number>>;
  /** As it was, since the network's first window. */
  readonly outage: Outage | null;
}

interface Living {
  stop(): void;
}

export async function runFleet(seats: readonly SimSeat[], network: SimNetwork, plan: FleetPlan): Promise<FleetEnd> {
  const { minutes, speed, say } = plan;
  const incidents: Record<string, number> = {};
  const onIncident = (code: string): void => {
    incidents[code] = (incidents[code] ?? 0) + 1;
  };
  let signIns = 0;
  const onSignIn = (): void => {
    signIns += 1;
  };
  const began = network.elapsed();
  const endAt = began + minutes * 60_000;
  const outage = plan.outage === null ? null : since(began, plan.outage);
  const living = seats.map((seat) => live(seat, network, { ...plan, onIncident, onSignIn, recording: () => network.elapsed() < endAt }));
  const behind = (): number => seats.reduce((sum, { record }) => sum + record.size - record.receiptedSize, 0);
  let saidAt = performance.now();
  while (network.elapsed() < endAt || (behind() > 0 && network.elapsed() < Math.max(endAt, outage?.to ?? 0) + DRAIN_MS)) {
    await pause(LOOK_MS);
    const away = outage !== null && network.elapsed() >= outage.from && network.elapsed() < outage.to;
    if (away !== network.away) {
      network.away = away;
      if (away) network.cut();
      say(away ? 'The network is gone.' : 'The network is back.');
    }
    if (performance.now() - saidAt < SAY_MS) continue;
    saidAt = performance.now();
    const simulated = Math.round((network.elapsed() - began) / 1000);
    say(
      `${simulated} s${speed === 1 ? '' : ' of simulated time'}: ${behind()} entries without a receipt, ${network.traffic.refused} times 429.`,
    );
  }
  for (const one of living) one.stop();
  return { unacknowledged: behind(), signIns, incidents, outage };
}

function since(began: number, { steadyFrom, from, to }: Outage): Outage {
  return { steadyFrom: began + steadyFrom, from: began + from, to: began + to };
}

interface Life extends FleetPlan {
  readonly onSignIn: () => void;
  readonly onIncident: (code: string) => void;
  readonly recording: () => boolean;
}

function live(seat: SimSeat, network: SimNetwork, { server, rate, signIns, speed, onIncident, onSignIn, recording }: Life): Living {
  const { record, enrolment, identity } = seat;
  const session = openSimSession(seat, {
    server,
    client: network.clientFor(server, enrolment.ca, identity),
    elapsed: network.elapsed,
    speed,
    onIncident,
  });
  const events = atRandomTimes(rate * speed, () => {
    if (!recording()) return false;
    record.append(1);
    session.wake();
    return true;
  });
  const visits = atRandomTimes((signIns * speed) / SECONDS_PER_HOUR, () => {
    if (!recording()) return false;
    if (session.signIn()) onSignIn();
    return true;
  });
  return {
    stop: () => {
      events.stop();
      visits.stop();
      session.close();
    },
  };
}

/** Calls `act` at random times, `perSecond` a second on the average (a Poisson process), until it answers false; with 0 never. */
function atRandomTimes(perSecond: number, act: () => boolean): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = setTimeout(
      () => {
        if (act()) next();
      },
      (-Math.log(1 - Math.random()) / perSecond) * 1000,
    );
  };
  if (perSecond > 0) next();
  return { stop: () => clearTimeout(timer) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
