/**
 * One enrolled seat at work: all of a syncer's lanes over one client, and how they start each other. It owns no connection to the
 * agent and picks no server.
 */
import type { SeatLog } from '../log.ts';
import type { AgentPort } from './agent-port.ts';
import { openAnchors } from './anchors.ts';
import { openAuthorityRenewal } from './authority-renewal.ts';
import { connectionTeller } from './connection.ts';
import type { SyncerIdentity } from './identity.ts';
import { type RunningLane, runLane } from './lane.ts';
import { lanes } from './lanes.ts';
import { openPeople } from './people.ts';
import { openRenewal } from './renewal.ts';
import type { SeatClient } from './seat-client.ts';
import { openStanding } from './standing.ts';
import { openUpdates, type Versions } from './updates.ts';
import { openUploads } from './uploads.ts';

export interface Session {
  /** The log grew. */
  wake(): void;
  /** There is something to tell of people. */
  tell(): void;
  close(): void;
}

export interface SessionParts {
  readonly agent: AgentPort;
  /** This session's own: it is closed with it. */
  readonly server: SeatClient;
  readonly identity: SyncerIdentity;
  readonly folder: string;
  readonly have: Versions;
  readonly log: SeatLog;
  readonly onRenewed: (identity: SyncerIdentity, known: Versions) => void;
  /** How many times faster than the clock its waits pass: 1, except for simulated seats. */
  readonly speed?: number;
}

export function openSession({ agent, server, identity, folder, have, log, onRenewed, speed = 1 }: SessionParts): Session {
  const { random } = Math;
  const tell = connectionTeller(agent, log);
  const anchors = openAnchors(agent, server);
  const uploads = openUploads(agent, server);
  const people = openPeople(agent, server);
  const onPeople: Parameters<typeof openUpdates>[0]['onPeople'] = (hint) => {
    if (people.heard(hint)) running.people.send({ type: 'due' });
  };
  const updates = openUpdates({ agent, server, random, onPeople, speed }, have);
  const standing = openStanding(agent, server);
  const renewal = openRenewal({ server, folder, authority: openAuthorityRenewal(agent, server, identity) }, identity);
  const renew = async (): Promise<boolean> => {
    const renewed = await renewal.run();
    if (renewed !== null) onRenewed(renewed, updates.known());
    return false;
  };
  /** A certificate that is taken no more is renewed at once: the lane's own turn may be a day away. */
  const told =
    (outcome: (failure: unknown) => void) =>
    (failure: unknown): void => {
      outcome(failure);
      if (renewal.refused(failure)) running.renewal.send({ type: 'due' });
    };
  const other = told(tell.other);
  const run = (lane: keyof typeof lanes, work: Work, onOutcome = other): RunningLane =>
    runLane({ lane: lanes[lane], random, speed, work, onOutcome });
  const running: { readonly [L in keyof typeof lanes]: RunningLane } = {
    anchors: run('anchors', (_batch, signal) => anchors.run(signal)),
    uploads: run('uploads', (batch, signal) => uploads.run(batch, signal)),
    updates: run('updates', (_batch, signal) => updates.run(signal), told(tell.updates)),
    people: run('people', (_batch, signal) => people.run(signal)),
    standing: run('standing', (_batch, signal) => standing.run(signal)),
    renewal: run('renewal', renew, tell.other),
  };
  for (const lane of Object.values(running)) lane.send({ type: 'ready' });
  return {
    wake: () => running.uploads.send({ type: 'due' }),
    tell: () => running.people.send({ type: 'due' }),
    close: () => {
      for (const lane of Object.values(running)) lane.send({ type: 'lost' });
      server.close();
    },
  };
}

type Work = (batch: number, signal: AbortSignal) => Promise<boolean>;
