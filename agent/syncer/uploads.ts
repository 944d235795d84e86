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
import { openSideHeads } from './side-heads.ts';
import { encodeEntries } from './wire.ts';

/** What fits a frame of the local socket after base64, with room for the rest. */
const BATCH_FRAME_BYTES = 163_840;
const UPLOAD_TIMEOUT_MS = 60_000;

/** What concerns one log only; the others may still go up. */
const OF_ONE_LOG = /^(INTAKE|AUDIT|SYNC)_/;
/** What the same bytes would only meet again. */
const FINAL: ReadonlySet<string> = new Set([
  'INTAKE_UNVERIFIED',
  'INTAKE_DIFFERENT_BYTES',
  'INTAKE_SIZE_CONFLICT',
  'SYNC_LOGS_DIFFER',
  'SYNC_ENTRIES_GONE',
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

/** How one log goes up. What the server says decides where the next upload starts, never that there is none. */
interface Course {
  /** Where the server said it stands, when that is not where the agent's last receipt ends. */
  resume: number | null;
  /** The server sent the last upload elsewhere: one that is sent on again has not moved, whatever it says. */
  sentOn: boolean;
  /** Where the last upload began that was answered with a receipt. */
  receiptedFrom: number | null;
  /** What was told of it last: once for what stays so. */
  told: string;
}

export function openUploads(agent: AgentPort, server: SeatClient): Uploads {
  /** By incarnation. */
  const courses = new Map<string, Course>();
  /** Logs beside the main one that can't go up as they are, with the size at which that was said: the rest must not wait for them. */
  const givenUp = new Map<string, number>();
  const heads = openSideHeads(agent, server);
  const courseOf = ({ incarnation }: Progress): Course => {
    const course = courses.get(incarnation) ?? { resume: null, sentOn: false, receiptedFrom: null, told: '' };
    courses.set(incarnation, course);
    return course;
  };
  return {
    run: async (batch, signal) => {
      const { logs } = await agent.request('logs', {});
      for (const known of courses.keys()) if (logs.every(({ incarnation }) => incarnation !== known)) courses.delete(known);
      let more = false;
      let failure: WardlockError | undefined;
      for (const [at, log] of logs.entries()) {
        const course = courseOf(log);
        const start = course.resume ?? log.receiptedSize;
        if (start >= log.size || givenUp.get(log.incarnation) === log.size) continue;
        try {
          // The main log's head is the anchors' business, at their cadence.
          if (at > 0) await heads.show(log, signal);
          if (await uploadOne({ agent, server, course }, { log, start, batch, signal })) more = true;
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
  readonly course: Course;
}

/** Sends one batch of one log; true when more of it remains. */
async function uploadOne({ agent, server, course }: Ends, { log, start, batch, signal }: Step): Promise<boolean> {
  const { incarnation, size } = log;
  const run = await agent.request('entries', { incarnation, start, maxBytes: BATCH_FRAME_BYTES, maxEntries: batch });
  if (run.entries.length === 0 || run.start !== start) {
    course.resume = null;
    await agent.request('incident', {
      code: 'SYNC_ENTRIES_GONE',
      detail: `The server asks for entries from ${start}; the seat has none there.`,
    });
    throw new WardlockError('SYNC_ENTRIES_GONE', `The server asks for entries from ${start}, which this seat no longer holds.`);
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
  const elsewhere = sizeOf(answer);
  if (elsewhere !== null) {
    await goElsewhere({ agent, course }, { log, start, size: elsewhere });
    return true;
  }
  if (answer.status === 422) await report(agent, answer);
  const reply = readAnswer(answer, EntriesReply);
  const { accepted } = await agent.request('receipt', { note: reply.receipt });
  if (!accepted) throw new WardlockError('SERVER_ANSWER_MALFORMED', 'The agent refused the receipt: it does not fit the log of this seat.');
  if (reply.size <= start || course.receiptedFrom === start) {
    throw new WardlockError('SERVER_ANSWER_MALFORMED', `The server acknowledges entries from ${start} without a receipt that covers them.`);
  }
  Object.assign(course, { resume: null, sentOn: false, receiptedFrom: start });
  return reply.size < size;
}

/**
 * Goes back to where the server says it ends, once. A server that does not end before the upload has no reason to send it elsewhere,
 * and one that sends it on again takes nothing: both are failures, which are waited out and told, so that nobody makes a seat call
 * without a rest or leave out entries.
 */
async function goElsewhere(
  { agent, course }: Omit<Ends, 'server'>,
  { log, start, size }: { readonly log: Progress; readonly start: number; readonly size: number },
): Promise<void> {
  if (size < start && !course.sentOn) {
    Object.assign(course, { resume: size, sentOn: true });
    return;
  }
  const differ = size > log.size;
  const code = differ ? 'SYNC_LOGS_DIFFER' : 'INTAKE_SIZE_CONFLICT';
  const says = differ
    ? `The server says that it holds ${size} entries of log ${log.incarnation}; this seat has ${log.size}.`
    : `The server says that it holds ${size} entries of log ${log.incarnation}, and takes none of this seat.`;
  course.resume = size < start ? size : null;
  if (course.told !== says) await agent.request('incident', { code, detail: says });
  course.told = says;
  throw new WardlockError(code, says);
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
