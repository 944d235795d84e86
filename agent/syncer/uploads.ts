/**
 * The lane that brings entries to the server: reads what has no receipt yet, sends one batch, hands the receipt to the
 * agent. It keeps no entry and deletes none; what the server holds is believed only as far as the agent verifies it.
 */
import { Value } from 'typebox/value';
import type { Result } from '../../contract/boundary.ts';
import { EntriesReply, SizeConflict, seatPaths } from '../../contract/seat-api.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import type { AgentPort } from './agent-port.ts';
import { readAnswer, type SeatAnswer, type SeatClient } from './seat-client.ts';
import { encodeEntries } from './wire.ts';

/** What fits a frame of the local socket after base64, with room for the rest. */
const BATCH_FRAME_BYTES = 163_840;
const UPLOAD_TIMEOUT_MS = 60_000;

/** What concerns one log only; the others may still go up. */
const OF_ONE_LOG = /^(INTAKE|AUDIT)_/;
/** What the same bytes would only meet again. */
const FINAL: ReadonlySet<string> = new Set([
  'INTAKE_UNVERIFIED',
  'INTAKE_DIFFERENT_BYTES',
  'INTAKE_SIZE_CONFLICT',
  'AUDIT_RANGE_UNAVAILABLE',
]);

export interface Uploads {
  /** Sends one batch of each log that is behind; true when entries without a receipt remain. */
  run(batch: number, signal: AbortSignal): Promise<boolean>;
}

type Progress = Result<SyncBoundary, 'logs'>['logs'][number];

interface Step {
  readonly log: Progress;
  readonly start: number;
  readonly batch: number;
  readonly signal: AbortSignal;
}

export function openUploads(agent: AgentPort, server: SeatClient): Uploads {
  /** By incarnation: where the server said it stands, when that is not where the agent's last receipt ends. */
  const resume = new Map<string, number>();
  /** Logs beside the main one that can't go up as they are, with the size at which that was said: the rest must not wait for them. */
  const givenUp = new Map<string, number>();
  const startOf = (log: Progress): number => resume.get(log.incarnation) ?? log.receiptedSize;
  return {
    run: async (batch, signal) => {
      const { logs } = await agent.request('logs', {});
      for (const known of resume.keys()) if (logs.every(({ incarnation }) => incarnation !== known)) resume.delete(known);
      let more = false;
      let failure: WardlockError | undefined;
      for (const [at, log] of logs.entries()) {
        const start = startOf(log);
        if (start >= log.size || givenUp.get(log.incarnation) === log.size) continue;
        try {
          if (await uploadOne({ agent, server, resume }, { log, start, batch, signal })) more = true;
        } catch (error) {
          // The main log is first: that it is refused, or broken at the seat, must not hold back what the emergency log took.
          if (!isWardlockError(error) || !OF_ONE_LOG.test(error.code)) throw error;
          if (at > 0 && FINAL.has(error.code)) givenUp.set(log.incarnation, log.size);
          else failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
      return more;
    },
  };
}

interface Ends {
  readonly agent: AgentPort;
  readonly server: SeatClient;
  readonly resume: Map<string, number>;
}

/** Sends one batch of one log; true when more of it remains. */
async function uploadOne({ agent, server, resume }: Ends, { log, start, batch, signal }: Step): Promise<boolean> {
  const { incarnation, size } = log;
  const run = await agent.request('entries', { incarnation, start, maxBytes: BATCH_FRAME_BYTES, maxEntries: batch });
  if (run.entries.length === 0 || run.start !== start) {
    resume.delete(incarnation);
    await agent.request('incident', {
      code: 'SYNC_ENTRIES_GONE',
      detail: `The server asks for entries from ${start}; the seat has none there.`,
    });
    throw new WardlockError('INTAKE_SIZE_CONFLICT', `The server asks for entries from ${start}, which this seat no longer holds.`);
  }
  const answer = await server.call({
    method: 'PUT',
    path: `${seatPaths.entries}/${incarnation}/${start}`,
    headers: { 'content-type': 'application/octet-stream' },
    body: encodeEntries({
      note: run.checkpoint,
      proof: run.proof.map((hash) => Buffer.from(hash, 'base64')),
      entries: run.entries.map((entry) => Buffer.from(entry, 'base64')),
    }),
    timeoutMs: UPLOAD_TIMEOUT_MS,
    signal,
  });
  const conflict = sizeOf(answer);
  if (conflict !== null) {
    resume.set(incarnation, conflict);
    return true;
  }
  if (answer.status === 422) await report(agent, answer);
  const reply = readAnswer(answer, EntriesReply);
  const { accepted } = await agent.request('receipt', { note: reply.receipt });
  if (!accepted) throw new WardlockError('SERVER_ANSWER_MALFORMED', 'The agent refused the receipt: it does not fit the log of this seat.');
  if (reply.size > start) resume.delete(incarnation);
  return reply.size < size;
}

function sizeOf(answer: SeatAnswer): number | null {
  if (answer.status !== 409) return null;
  const body = parseJson(answer.body);
  return Value.Check(SizeConflict, body) ? body.size : null;
}

async function report(agent: AgentPort, answer: SeatAnswer): Promise<void> {
  const body = parseJson(answer.body);
  const code = typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : 'SERVER_REFUSED';
  await agent.request('incident', {
    code: code.slice(0, 60),
    detail: 'The server refused entries of this log: they differ from what it holds, or do not verify.',
  });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
