/** Which logs go up: the main one first, the others beside it, and none of them again once the server has said for good that it can't. */
import { expect, test } from 'vitest';
import { seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { AgentPort } from './agent-port.ts';
import type { SeatAnswer, SeatCall, SeatClient } from './seat-client.ts';
import { openUploads } from './uploads.ts';

const MAIN = 'a'.repeat(16);
const OLD = 'b'.repeat(16);
const OTHER = 'c'.repeat(16);

interface Log {
  readonly incarnation: string;
  size: number;
  receiptedSize: number;
}

/** A seat with these logs, and a server that answers for a log as told, or takes it. */
function world(
  logs: Log[],
  refusals: Readonly<Record<string, { readonly status: number; readonly code: string }>>,
  witness: readonly Pick<SeatAnswer, 'status' | 'body'>[] = [],
) {
  const sent: string[] = [];
  /** What the witness was shown: the first line and the note of each request. */
  const heads: string[] = [];
  const incidents: string[] = [];
  const agent: AgentPort = {
    request: (async (name: string, params: { incarnation?: string; start?: number; code?: string; note?: string }) => {
      if (name === 'logs') return { logs };
      if (name === 'incident') incidents.push(params.code ?? '');
      if (name === 'entries') {
        const checkpoint = `${params.incarnation} at ${params.start}`;
        return { start: params.start, entries: [Buffer.from(nodeCrypto.random(100)).toString('base64')], checkpoint, proof: [] };
      }
      if (name === 'consistency') return { proof: [] };
      const log = logs.find(({ incarnation }) => incarnation === params.note);
      if (name === 'receipt' && log !== undefined) log.receiptedSize += 1;
      return { accepted: true, receiptedSize: log?.receiptedSize ?? 0 };
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async ({ path, body: request }: SeatCall): Promise<SeatAnswer> => {
      if (path === seatPaths.addCheckpoint) {
        heads.push(
          Buffer.from(request ?? [])
            .toString('utf8')
            .replace('\n\n', ', '),
        );
        return { retryAfterMs: null, ...(witness[heads.length - 1] ?? { status: 200, body: Buffer.from('') }) };
      }
      const incarnation = path.split('/').at(-2) ?? '';
      sent.push(incarnation);
      const refusal = refusals[incarnation];
      const start = Number(path.split('/').at(-1));
      const body = refusal === undefined ? { size: start + 1, receipt: incarnation } : { code: refusal.code, message: 'No.' };
      return { status: refusal?.status ?? 200, retryAfterMs: null, body: Buffer.from(JSON.stringify(body)) };
    },
    close: () => undefined,
  };
  return { uploads: openUploads(agent, server), sent, heads, incidents };
}

const signal = new AbortController().signal;

test('a log beside the main one that the server refuses is told once, and the others go on', async () => {
  const logs: Log[] = [
    { incarnation: MAIN, size: 3, receiptedSize: 0 },
    { incarnation: OLD, size: 5, receiptedSize: 2 },
    { incarnation: OTHER, size: 1, receiptedSize: 0 },
  ];
  const { uploads, sent, incidents } = world(logs, { [OLD]: { status: 422, code: 'INTAKE_UNVERIFIED' } });
  while (await uploads.run(10, signal));
  expect(sent).toEqual([MAIN, OLD, OTHER, MAIN, MAIN]);
  expect(incidents).toEqual(['INTAKE_UNVERIFIED']);
  // It has grown: other bytes, another try.
  const [, old] = logs;
  if (old !== undefined) old.size = 6;
  await uploads.run(10, signal);
  expect(sent.slice(5)).toEqual([OLD]);
});

test('what is refused of the main log is tried again, and the others still go up', async () => {
  const logs: Log[] = [
    { incarnation: MAIN, size: 3, receiptedSize: 0 },
    { incarnation: OLD, size: 1, receiptedSize: 0 },
  ];
  const { uploads, sent } = world(logs, { [MAIN]: { status: 422, code: 'INTAKE_DIFFERENT_BYTES' } });
  for (let at = 0; at < 2; at += 1) await expect(uploads.run(10, signal)).rejects.toMatchObject({ code: 'INTAKE_DIFFERENT_BYTES' });
  expect(sent).toEqual([MAIN, OLD, MAIN]);
});

test('fault 46: the head of a log beside the main one is shown to the witness once for each size, from where that stands', async () => {
  const logs: Log[] = [
    { incarnation: MAIN, size: 1, receiptedSize: 0 },
    { incarnation: OLD, size: 3, receiptedSize: 0 },
  ];
  const { uploads, sent, heads } = world(logs, {}, [{ status: 409, body: Buffer.from('2\n') }]);
  while (await uploads.run(1, signal));
  expect(sent).toEqual([MAIN, OLD, OLD, OLD]);
  expect(heads).toEqual([`old 0, ${OLD} at 2`, `old 2, ${OLD} at 2`]);
  const [, old] = logs;
  if (old !== undefined) old.size = 4;
  await uploads.run(1, signal);
  expect(heads.slice(2)).toEqual([`old 3, ${OLD} at 3`]);
});

test.each([
  ['that the log key does not sign', 403, 'The checkpoint is not signed by the log key of this seat.\n'],
  ['of a log of which it knows more', 409, '9\n'],
])('a head %s does not hold back the entries', async (_what, status, says) => {
  const { uploads, sent, heads } = world(
    [
      { incarnation: MAIN, size: 1, receiptedSize: 1 },
      { incarnation: OLD, size: 2, receiptedSize: 0 },
    ],
    {},
    [{ status, body: Buffer.from(says) }],
  );
  while (await uploads.run(1, signal));
  expect(sent).toEqual([OLD, OLD]);
  expect(heads).toHaveLength(1);
});

test('a witness that has no time for the head is asked again before the entries go up', async () => {
  const busy = { status: 429, body: Buffer.from(JSON.stringify({ code: 'SERVER_TOO_MANY', message: 'Later.' })) };
  const { uploads, sent, heads } = world(
    [
      { incarnation: MAIN, size: 1, receiptedSize: 1 },
      { incarnation: OLD, size: 1, receiptedSize: 0 },
    ],
    {},
    [busy],
  );
  await expect(uploads.run(1, signal)).rejects.toMatchObject({ code: 'SERVER_TOO_MANY' });
  expect(sent).toEqual([]);
  while (await uploads.run(1, signal));
  expect([sent, heads.length]).toEqual([[OLD], 2]);
});

/** A seat with one log, and a server that answers its uploads one after the other as told; the last answer for good. */
function steered(log: Log, answers: readonly ({ readonly conflict: number } | { readonly size: number })[]) {
  const starts: number[] = [];
  const incidents: string[] = [];
  const agent: AgentPort = {
    request: (async (name: string, params: { start?: number; code?: string }) => {
      if (name === 'logs') return { logs: [log] };
      if (name === 'incident') incidents.push(params.code ?? '');
      const entries = [Buffer.from(nodeCrypto.random(100)).toString('base64')];
      if (name === 'entries') return { start: params.start, entries, checkpoint: 'note', proof: [] };
      return { accepted: true, receiptedSize: log.receiptedSize };
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async ({ path }: SeatCall): Promise<SeatAnswer> => {
      const answer = answers[Math.min(starts.length, answers.length - 1)];
      starts.push(Number(path.split('/').at(-1)));
      if (answer === undefined) throw new Error('no answer');
      const [status, body] =
        'conflict' in answer
          ? [409, { code: 'INTAKE_SIZE_CONFLICT', message: 'No.', size: answer.conflict }]
          : [200, { size: answer.size, receipt: 'an older one' }];
      return { status, retryAfterMs: null, body: Buffer.from(JSON.stringify(body)) };
    },
    close: () => undefined,
  };
  return { uploads: openUploads(agent, server), starts, incidents };
}

test('a server that ends before the last receipt is followed, once; the same answer again is a failure, told once', async () => {
  const { uploads, starts, incidents } = steered({ incarnation: MAIN, size: 20, receiptedSize: 10 }, [{ conflict: 4 }]);
  expect(await uploads.run(10, signal)).toBe(true);
  for (let at = 0; at < 3; at += 1) await expect(uploads.run(10, signal)).rejects.toMatchObject({ code: 'INTAKE_SIZE_CONFLICT' });
  expect(starts).toEqual([10, 4, 10, 4]);
  expect(incidents).toEqual(['INTAKE_SIZE_CONFLICT']);
});

test('a server that sends a seat from one place to the next takes nothing: a failure from the second time on', async () => {
  const { uploads, starts } = steered({ incarnation: MAIN, size: 20, receiptedSize: 10 }, [
    { conflict: 4 },
    { conflict: 3 },
    { conflict: 2 },
    { size: 20 },
  ]);
  expect(await uploads.run(10, signal)).toBe(true);
  for (let at = 0; at < 2; at += 1) await expect(uploads.run(10, signal)).rejects.toMatchObject({ code: 'INTAKE_SIZE_CONFLICT' });
  expect(await uploads.run(10, signal)).toBe(false);
  expect(starts).toEqual([10, 4, 3, 2]);
});

test.each([
  ['beyond the log', 999, 'SYNC_LOGS_DIFFER'],
  ['at its end', 20, 'INTAKE_SIZE_CONFLICT'],
  ['where the upload begins', 10, 'INTAKE_SIZE_CONFLICT'],
])(
  'a server that names a size %s leaves nothing out: an incident, once, a failure, and the same entries again',
  async (_where, conflict, code) => {
    const { uploads, starts, incidents } = steered({ incarnation: MAIN, size: 20, receiptedSize: 10 }, [{ conflict }]);
    for (let at = 0; at < 3; at += 1) await expect(uploads.run(10, signal)).rejects.toMatchObject({ code });
    expect(starts).toEqual([10, 10, 10]);
    expect(incidents).toEqual([code]);
  },
);

test.each([
  ['an old answer', 10],
  ['an old receipt beside a size of its own', 15],
])('a server that repeats %s acknowledges nothing: a failure, not a call without a rest', async (_what, size) => {
  const { uploads, starts } = steered({ incarnation: MAIN, size: 20, receiptedSize: 10 }, [{ size }]);
  await uploads.run(10, signal).catch(() => null);
  for (let at = 0; at < 2; at += 1) await expect(uploads.run(10, signal)).rejects.toMatchObject({ code: 'SERVER_ANSWER_MALFORMED' });
  expect(starts).toEqual([10, 10, 10]);
});
