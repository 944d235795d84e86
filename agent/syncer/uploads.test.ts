/** Which logs go up: the main one first, the others beside it, and none of them again once the server has said for good that it can't. */
import { expect, test } from 'vitest';
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
function world(logs: Log[], refusals: Readonly<Record<string, { readonly status: number; readonly code: string }>>) {
  const sent: string[] = [];
  const incidents: string[] = [];
  const agent: AgentPort = {
    request: (async (name: string, params: { incarnation?: string; start?: number; code?: string; note?: string }) => {
      if (name === 'logs') return { logs };
      if (name === 'incident') incidents.push(params.code ?? '');
      if (name === 'entries') {
        return { start: params.start, entries: [Buffer.from(nodeCrypto.random(100)).toString('base64')], checkpoint: 'note', proof: [] };
      }
      const log = logs.find(({ incarnation }) => incarnation === params.note);
      if (name === 'receipt' && log !== undefined) log.receiptedSize += 1;
      return { accepted: true, receiptedSize: log?.receiptedSize ?? 0 };
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async ({ path }: SeatCall): Promise<SeatAnswer> => {
      const incarnation = path.split('/').at(-2) ?? '';
      sent.push(incarnation);
      const refusal = refusals[incarnation];
      const start = Number(path.split('/').at(-1));
      const body = refusal === undefined ? { size: start + 1, receipt: incarnation } : { code: refusal.code, message: 'No.' };
      return { status: refusal?.status ?? 200, retryAfterMs: null, body: Buffer.from(JSON.stringify(body)) };
    },
    close: () => undefined,
  };
  return { uploads: openUploads(agent, server), sent, incidents };
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
