/**
 * The lane that anchors the log: `add-checkpoint` of C2SP tlog-witness, at one cadence and one size whether or not
 * something happened, so that an onlooker learns nothing from it.
 */
import { fromBase64 } from '../../core/audit/bytes.ts';
import { MAX_NOTE_BYTES } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { addCheckpoint, pinnedElsewhere } from './add-checkpoint.ts';
import type { AgentPort } from './agent-port.ts';
import { refusalOf, type SeatClient } from './seat-client.ts';

/** The checkpoint with the lines that the witness answered; the agent verifies them. */
function cosigned(note: string, answer: string): string {
  return `${note.slice(0, note.indexOf('\n\n') + 2)}${answer}`.slice(0, MAX_NOTE_BYTES);
}

export interface Anchors {
  run(signal: AbortSignal): Promise<boolean>;
}

export function openAnchors(agent: AgentPort, server: SeatClient): Anchors {
  let pinned = { incarnation: '', size: 0 };
  return {
    run: async (signal) => {
      const head = await agent.request('checkpoint', {});
      if (head === null) return false;
      const { incarnation, size } = head.position;
      const oldSize = pinned.incarnation === incarnation ? Math.min(pinned.size, size) : 0;
      const proof =
        oldSize > 0 && oldSize < size ? (await agent.request('consistency', { incarnation, from: oldSize, to: size })).proof : [];
      const hashes = proof.map((hash) => fromBase64(hash) ?? new Uint8Array());
      const answer = await addCheckpoint(server, { oldSize, hashes, note: head.note }, signal);
      if (answer.status === 200) {
        pinned = { incarnation, size };
        await agent.request('anchored', { note: cosigned(head.note, answer.body.toString('utf8')) });
        return false;
      }
      const stored = pinnedElsewhere(answer);
      if (stored === undefined) throw refusalOf(answer);
      if (stored > size || (stored === size && oldSize === size)) {
        await agent.request('incident', {
          code: 'SYNC_LOGS_DIFFER',
          detail: `The server has pinned ${stored} entries of this log; the seat has ${size}.`,
        });
        throw new WardlockError('SYNC_LOGS_DIFFER', `The server has pinned ${stored} entries of this log; this seat has ${size}.`);
      }
      const repeated = pinned.incarnation === incarnation && pinned.size === stored;
      pinned = { incarnation, size: stored };
      if (repeated) throw refusalOf(answer);
      return true;
    },
  };
}
