/** What the command line may ask, for root and the agent's own user only. It opens nothing by itself: a tap is a tap. */
import type { Result } from '../../contract/boundary.ts';
import { type CliBoundary, cliBoundary } from '../../contract/cli.ts';
import { describeFault } from '../../core/audit/index.ts';
import type { Handlers } from '../../ipc/connection.ts';
import type { ListenOptions } from '../../ipc/server.ts';
import { examine } from '../doctor.ts';
import { certify, drillFacts } from '../drill/vouch.ts';
import { timestamp } from '../seat/view.ts';
import type { SeatAgent } from '../seat-agent.ts';
import { admitUsers } from './admit.ts';

/** People and scripts at one seat. */
const CLI_LIMIT = 8;
/** How long the command line waits for an enrolment, in milliseconds. */
export const ENROL_LIMIT_MS = 90_000;

export function cliEndpoint(seat: SeatAgent, path: string): ListenOptions<CliBoundary> {
  const { border, log } = seat.parts;
  return {
    boundary: cliBoundary,
    path,
    limit: CLI_LIMIT,
    admit: admitUsers([0, process.geteuid?.() ?? 0]),
    handlers: handlersOf(seat),
    onRefused: border.refused,
    onFault: (method, fault) => log.error('a request of the command line failed', { method, fault }),
  };
}

/** A refused tap leaves its own notice; where it leaves none, the seat is busy with something else and the notice is an older one. */
function tapped(seat: SeatAgent, badge: string): Result<CliBoundary, 'tap'> {
  const before = seat.runtime.seat.common.notice;
  if (seat.badge(badge, 'cli')) return { taken: true };
  const { notice } = seat.runtime.seat.common;
  if (notice === null || notice === before) return { taken: false, code: 'SESSION_NOT_NOW' };
  return notice.code === undefined ? { taken: false } : { taken: false, code: notice.code };
}

function witnessedOf(seat: SeatAgent): Result<CliBoundary, 'status'>['witnessed'] {
  const witnessed = seat.record.store?.status().witnessed ?? null;
  return witnessed === null ? null : { size: witnessed.size, at: timestamp(witnessed.at) };
}

/** Recorded before the copy is made. A record that takes nothing more must still give its evidence: the answer says that this was not recorded. */
async function snapshotOf(seat: SeatAgent, path: string): Promise<Result<CliBoundary, 'snapshot'>> {
  const store = seat.record.needed();
  const read = { type: 'recording.read', body: { entries: store.position().size } } as const;
  const recorded = await seat.parts.recorder.append(read).then(
    (place) => place === 'store',
    () => false,
  );
  return { ...(await store.snapshot(path)), recorded };
}

function handlersOf(seat: SeatAgent): Handlers<CliBoundary> {
  const { identity } = seat.parts;
  return {
    hello: () => ({}),
    tap: ({ badge }) => tapped(seat, badge),
    status: () => ({ ...seat.view(), witnessed: witnessedOf(seat) }),
    doctor: () => examine(seat),
    enrol: async ({ server, token }) => {
      seat.site.enrol(server, token);
      return { workstationId: await seat.site.enrolled(ENROL_LIMIT_MS) };
    },
    snapshot: ({ path }) => snapshotOf(seat, path),
    acknowledge: async () => {
      const findings = seat.record.store?.findings.map(describeFault) ?? [];
      // Nobody has signed in for this: root, or the agent's own user, is all that is known.
      if (findings.length > 0) await seat.record.store?.acknowledge(null);
      seat.push();
      return { findings };
    },
    identity: () => ({
      workstationId: identity.enrolment?.workstationId ?? null,
      logKey: identity.logKey,
      sealingKey: identity.sealingKey,
      enrolledAt: identity.enrolment?.enrolledAt ?? null,
    }),
    drillFacts: () => drillFacts(seat),
    certify: ({ certificate }) => certify(seat, certificate),
  };
}
