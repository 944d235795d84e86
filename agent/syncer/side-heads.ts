/**
 * Shows the server the head of a log beside the main one (a run of the emergency log, a log that was replaced) before its
 * entries go up: from then on the witness knows how far it reached, and an end that the seat loses is named there. Owns what
 * was shown in this process; must never hold back the entries of a log whose head can't be shown.
 */
import type { Result } from '../../contract/boundary.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { fromBase64 } from '../../core/audit/bytes.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { addCheckpoint, pinnedElsewhere } from './add-checkpoint.ts';
import type { AgentPort } from './agent-port.ts';
import { refusalOf, type SeatClient } from './seat-client.ts';

type Progress = Result<SyncBoundary, 'logs'>['logs'][number];

interface SideHeads {
  /** Once for each size of a log. @throws WardlockError where the server could not be asked: the next turn asks again. */
  show(log: Progress, signal: AbortSignal): Promise<void>;
}

/** The last entry comes with the head, under the log key where that speaks for it. */
const LAST_ENTRY = { maxBytes: 1, maxEntries: 1 };
/** Without a proof, from where the witness stands, and once more where it moved meanwhile. */
const MOST_ATTEMPTS = 3;
/** The witness' own words about this checkpoint; what any route may answer has a code, and is about the seat or the moment. */
const ABOUT_THE_HEAD: ReadonlySet<number> = new Set([400, 403, 404, 422]);

export function openSideHeads(agent: AgentPort, server: SeatClient): SideHeads {
  /** The size that was shown of each log, by incarnation. */
  const shown = new Map<string, number>();
  return {
    show: async (log, signal) => {
      if (log.size === 0 || shown.get(log.incarnation) === log.size) return;
      try {
        await showOne({ agent, server }, { log, from: shown.get(log.incarnation) ?? 0, signal });
      } catch (error) {
        // A part of this log that the seat can't read: what is left of it goes up all the same.
        if (!isWardlockError(error) || !error.code.startsWith('AUDIT_')) throw error;
      }
      shown.set(log.incarnation, log.size);
    },
  };
}

interface Ends {
  readonly agent: AgentPort;
  readonly server: SeatClient;
}

interface Showing {
  readonly log: Progress;
  /** Where the witness is thought to stand. */
  readonly from: number;
  readonly signal: AbortSignal;
}

async function showOne({ agent, server }: Ends, { log: { incarnation, size }, from, signal }: Showing): Promise<void> {
  const { checkpoint: note } = await agent.request('entries', { incarnation, start: size - 1, ...LAST_ENTRY });
  let oldSize = from;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const { proof } =
      0 < oldSize && oldSize < size ? await agent.request('consistency', { incarnation, from: oldSize, to: size }) : noProof;
    const hashes = proof.map((hash) => fromBase64(hash) ?? new Uint8Array());
    const answer = await addCheckpoint(server, { oldSize, hashes, note }, signal);
    if (answer.status === 200) return;
    const pinned = pinnedElsewhere(answer);
    if (pinned === undefined) {
      const refusal = refusalOf(answer);
      if (ABOUT_THE_HEAD.has(answer.status) && refusal.code === 'SERVER_ANSWER_MALFORMED') return;
      throw refusal;
    }
    // More than this seat has, or another history of as much: the witness has raised its alarm.
    if (pinned > size || pinned === oldSize) return;
    oldSize = pinned;
  }
}

const noProof: { readonly proof: readonly string[] } = { proof: [] };
