/**
 * Many simulated seats that record and sync as real ones do: the syncer's own lanes, pacing, backoff and jitter, in time that
 * may pass faster than the clock. It judges nothing; what reached the server is counted in its database.
 */
import { openAnchors } from '../../agent/syncer/anchors.ts';
import { type RunningLane, runLane } from '../../agent/syncer/lane.ts';
import { lanes } from '../../agent/syncer/lanes.ts';
import { openUploads } from '../../agent/syncer/uploads.ts';
import type { SimNetwork } from './network.ts';
import type { Outage } from './outage-plan.ts';
import { portOf } from './port.ts';
import type { SimSeat } from './seat.ts';

/** Simulated time that seats may take to bring everything after the last event: twice the longest backoff. */
const DRAIN_MS = 1_800_000;
const LOOK_MS = 100;
const SAY_MS = 5000;

export interface FleetPlan {
  readonly server: string;
  /** Events a second of each seat. */
  readonly rate: number;
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
  /** Codes of what went wrong at the seats, with how often. */
  readonly incidents: Readonly<Record<string, number>>;
  /** As it was, since the network's first window. */
  readonly outage: Outage | null;
}

interface Living {
  readonly seat: SimSeat;
  readonly lanes: readonly RunningLane[];
  readonly timer: { stop(): void };
}

export async function runFleet(seats: readonly SimSeat[], network: SimNetwork, plan: FleetPlan): Promise<FleetEnd> {
  const { minutes, speed, say } = plan;
  const incidents: Record<string, number> = {};
  const onIncident = (code: string): void => {
    incidents[code] = (incidents[code] ?? 0) + 1;
  };
  const began = network.elapsed();
  const endAt = began + minutes * 60_000;
  const outage = plan.outage === null ? null : since(began, plan.outage);
  const living = seats.map((seat) => live(seat, network, { ...plan, onIncident, recording: () => network.elapsed() < endAt }));
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
  for (const { lanes: running, timer } of living) {
    timer.stop();
    for (const lane of running) lane.send({ type: 'lost' });
  }
  return { unacknowledged: behind(), incidents, outage };
}

function since(began: number, { steadyFrom, from, to }: Outage): Outage {
  return { steadyFrom: began + steadyFrom, from: began + from, to: began + to };
}

interface Life extends FleetPlan {
  readonly onIncident: (code: string) => void;
  readonly recording: () => boolean;
}

function live(seat: SimSeat, network: SimNetwork, { server, rate, speed, onIncident, recording }: Life): Living {
  const agent = portOf(seat.record, seat.enrolment.mirrorKey, onIncident);
  const client = network.clientFor(server, seat.enrolment.ca, seat.identity);
  const { random } = Math;
  const onOutcome = (): void => undefined;
  const uploads = openUploads(agent, client);
  const anchors = openAnchors(agent, client);
  const uploading = runLane({ lane: lanes.uploads, random, speed, onOutcome, work: (batch, signal) => uploads.run(batch, signal) });
  const anchoring = runLane({ lane: lanes.anchors, random, speed, onOutcome, work: (_batch, signal) => anchors.run(signal) });
  const running = [uploading, anchoring];
  for (const lane of running) lane.send({ type: 'ready' });
  const timer = recordAtTimes(rate * speed, () => {
    if (!recording()) return false;
    seat.append(1);
    uploading.send({ type: 'due' });
    return true;
  });
  return {
    seat,
    lanes: running,
    timer: {
      stop: () => {
        timer.stop();
        client.close();
      },
    },
  };
}

/** Calls `record` at random times, `perSecond` a second on the average (a Poisson process), until it answers false. */
function recordAtTimes(perSecond: number, record: () => boolean): { stop(): void } {
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(
      () => {
        if (record()) next();
      },
      (-Math.log(1 - Math.random()) / perSecond) * 1000,
    );
  };
  next();
  return { stop: () => clearTimeout(timer) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
