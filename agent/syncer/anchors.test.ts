import { expect, test } from 'vitest';
import { consistencyProof, parseCheckpoint, toHex, treeHasher } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { memoryLog } from '../../test/audit/memory-log.ts';
import type { AgentPort } from './agent-port.ts';
import { openAnchors } from './anchors.ts';
import type { SeatAnswer, SeatCall, SeatClient } from './seat-client.ts';

const hasher = treeHasher(nodeCrypto);

/** A seat whose log grows by whole epochs, and a witness that answers as told. */
function world(answers: readonly Pick<SeatAnswer, 'status' | 'body'>[]) {
  const sent: SeatCall[] = [];
  const incidents: string[] = [];
  let memory = memoryLog({ epochs: [1] });
  const agent: AgentPort = {
    request: (async (name: string, params: { from?: number; to?: number; code?: string }) => {
      if (name === 'incident') {
        incidents.push(params.code ?? '');
        return {};
      }
      if (name === 'checkpoint') {
        const { size } = parseCheckpoint(memory.head).checkpoint;
        return { note: memory.head, position: { incarnation: toHex(memory.log.incarnation), size }, receiptedSize: 0 };
      }
      const leaf = (index: number) => hasher.leaf(memory.entries.get(index) ?? new Uint8Array());
      const node = (level: number, index: number): Uint8Array =>
        level === 0 ? leaf(index) : hasher.node(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
      return {
        proof: consistencyProof(hasher, params.from ?? 0, params.to ?? 0, node).map((part) => Buffer.from(part).toString('base64')),
      };
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async (wanted) => {
      sent.push(wanted);
      return { retryAfterMs: null, ...(answers[sent.length - 1] ?? { status: 200, body: Buffer.from('') }) };
    },
    close: () => undefined,
  };
  return {
    anchors: openAnchors(agent, server),
    sent,
    incidents,
    setLog: (epochs: readonly number[]) => {
      memory = memoryLog({ epochs });
    },
  };
}

const bytesOf = ({ headers, body }: SeatCall): number => JSON.stringify(headers).length + (body?.length ?? 0);
const signal = new AbortController().signal;

test('fault 52: an alert does not show in the size of anchors: idle, busy, new log, proof or none, all are of one size', async () => {
  const { anchors, sent, setLog } = world([]);
  await anchors.run(signal);
  await anchors.run(signal);
  for (const epochs of [[3], [100], [500, 500], [2000]]) {
    setLog(epochs);
    await anchors.run(signal);
    await anchors.run(signal);
  }
  expect(new Set(sent.map(bytesOf)).size).toBe(1);
  expect(new Set(sent.map(({ path }) => path)).size).toBe(1);
});

test('a witness that stands elsewhere is followed, with a proof from there', async () => {
  const { anchors, sent } = world([{ status: 409, body: Buffer.from('1\n') }]);
  expect(await anchors.run(signal)).toBe(true);
  expect(await anchors.run(signal)).toBe(false);
  expect(Buffer.from(sent[1]?.body ?? []).toString('utf8')).toMatch(/^old 1\n[A-Za-z0-9+/=]{44}\n/);
});

test('a witness that has seen more than the seat holds is an incident, not a retry', async () => {
  const { anchors, incidents } = world([{ status: 409, body: Buffer.from('999\n') }]);
  await expect(anchors.run(signal)).rejects.toMatchObject({ code: 'SYNC_LOGS_DIFFER' });
  expect(incidents).toEqual(['SYNC_LOGS_DIFFER']);
});

test('a captive portal that answers 409 with a page moves nothing', async () => {
  const { anchors } = world([{ status: 409, body: Buffer.from('<html>12</html>') }]);
  await expect(anchors.run(signal)).rejects.toMatchObject({ code: 'SERVER_ANSWER_MALFORMED' });
});
