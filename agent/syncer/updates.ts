/**
 * The lane that fetches policy and staff by long poll, hands them to the agent sealed and signed as they came, and reports
 * what the agent did. What the agent refused is not fetched again until there is something newer.
 */
import { seatPaths, UpdatesReply } from '../../contract/seat-api.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { AgentPort } from './agent-port.ts';
import type { PeopleHint } from './people.ts';
import { openReports, type Reports } from './reports.ts';
import { readAnswer, type SeatClient } from './seat-client.ts';

/** A poll waits for this long at most, and for no less than the second: seats that were answered together drift apart. */
const MOST_WAIT_SECONDS = 45;
const LEAST_WAIT_SECONDS = 30;
/** The long poll itself and some time for the network. */
const POLL_TIMEOUT_MS = (MOST_WAIT_SECONDS + 30) * 1000;
/** An empty answer that came sooner than this means a server that stops: rest instead of asking at once. */
const TOO_SOON_MS = 2000;
const MS_OF_A_SECOND = 1000;
const LONGEST_DETAIL = 300;
const LONGEST_CODE = 60;

export interface Versions {
  readonly policy: number;
  readonly directory: number;
}

export interface Updates {
  run(signal: AbortSignal): Promise<boolean>;
  known(): Versions;
}

export interface UpdatesPorts {
  readonly agent: AgentPort;
  readonly server: SeatClient;
  readonly random: () => number;
  /** What each answer says of people. */
  readonly onPeople: (hint: PeopleHint) => void;
  /** As a lane's: 1, except for simulated seats. */
  readonly speed?: number;
}

export function openUpdates({ agent, server, random, onPeople, speed = 1 }: UpdatesPorts, have: Versions): Updates {
  let known = have;
  const reports = openReports({ server, random, now: () => performance.now() * speed });
  addPresent(reports, have);
  /** Once for what failed the same way before: it is tried again and again. */
  let failed = '';
  const incident = async (kind: string, version: number, { code, message }: { code: string; message: string }): Promise<void> => {
    const what = `${kind} ${version} ${code}`;
    if (what === failed) return;
    const detail = `The ${kind} of version ${version} was not applied: ${message}`.slice(0, LONGEST_DETAIL);
    // Where the agent itself is gone there is nobody to tell; the next attempt tells it again.
    const told = await agent.request('incident', { code: code.slice(0, LONGEST_CODE), detail }).catch(() => null);
    if (told !== null) failed = what;
  };
  const settle = async (kind: 'policy' | 'directory', version: number, apply: () => Promise<Outcome>): Promise<void> => {
    const outcome = await apply().catch(async (failure: unknown) => {
      await incident(kind, version, isWardlockError(failure) ? failure : { code: 'SERVER_INTERNAL', message: String(failure) });
      throw failure;
    });
    if (outcome.outcome === 'refused') await incident(kind, version, outcome);
    known = { ...known, [kind]: Math.max(known[kind], version) };
    const refused = outcome.outcome === 'refused';
    reports.add({
      kind,
      version: refused ? version : outcome.version,
      outcome: refused ? 'refused' : 'applied',
      code: refused ? outcome.code : null,
      message: refused ? outcome.message : null,
    });
  };
  let answered = false;
  return {
    known: () => known,
    run: async (signal) => {
      await reports.send(signal);
      const began = performance.now();
      // The first poll, and the first after a failure, is answered at once: whether knowledge is fresh is known then.
      const wait = answered ? waitSeconds(random(), reports.restMs, speed) : 0;
      answered = false;
      const path = `${seatPaths.updates}?policy=${known.policy}&directory=${known.directory}&wait=${wait}`;
      const { policy, directory, people, peopleMark } = readAnswer(
        await server.call({ method: 'GET', path, timeoutMs: POLL_TIMEOUT_MS, signal }),
        UpdatesReply,
      );
      onPeople({ called: people, mark: peopleMark ?? null });
      // Staff first: a policy may name a role that only the newer directory knows.
      if (directory !== null) await settle('directory', directory.version, () => agent.request('directory', { sealed: directory.sealed }));
      if (policy !== null) await settle('policy', policy.version, () => agent.request('policy', { envelope: policy.envelope }));
      await reports.send(signal);
      answered = true;
      return policy !== null || directory !== null || performance.now() - began > TOO_SOON_MS / speed;
    },
  };
}

/** No longer than until a report that waits may be sent. */
function waitSeconds(random: number, restMs: number | null, speed: number): number {
  const wanted = LEAST_WAIT_SECONDS + (MOST_WAIT_SECONDS - LEAST_WAIT_SECONDS) * random;
  return Math.ceil(Math.min(wanted, restMs === null ? wanted : restMs / MS_OF_A_SECOND) / speed);
}

type Outcome =
  | { readonly outcome: 'applied' | 'unchanged'; readonly version: number }
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string };

/** After a restart the server may have missed the last report: what is in force is told again. */
function addPresent(reports: Reports, have: Versions): void {
  for (const kind of ['policy', 'directory'] as const) {
    if (have[kind] > 0) reports.add({ kind, version: have[kind], outcome: 'applied', code: null, message: null });
  }
}
