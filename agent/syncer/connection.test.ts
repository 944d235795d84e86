import { expect, test } from 'vitest';
import { WardlockError } from '../../core/errors/index.ts';
import type { AgentPort } from './agent-port.ts';
import { connectionTeller } from './connection.ts';
import { RefusedByServer } from './refused.ts';
import type { SeatAnswer, SeatClient } from './seat-client.ts';
import { openUpdates } from './updates.ts';

/** An agent that notes what it is told and answers an offer as given. */
function agentThat(offer: () => Promise<unknown> = () => Promise.resolve({ outcome: 'applied', version: 7 })) {
  const states: string[] = [];
  const reasons: string[] = [];
  const incidents: string[] = [];
  const port: AgentPort = {
    request: (async (name: string, params: { state?: string; detail?: string; code?: string }) => {
      if (name === 'connection') states.push(params.state ?? '');
      if (name === 'connection') reasons.push(params.detail ?? '');
      if (name === 'incident') incidents.push(params.code ?? '');
      return name === 'directory' || name === 'policy' ? offer() : {};
    }) as AgentPort['request'],
  };
  return { port, states, reasons, incidents };
}

const silence = new WardlockError('SERVER_UNREACHABLE');
const revoked = new RefusedByServer('SERVER_SEAT_REVOKED', 'revoked', { status: 403, retryAfterMs: null });
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('only fresh policy and staff are online: no good anchor renews it while the updates fail', () => {
  const { port, states, incidents } = agentThat();
  const tell = connectionTeller(port, log);
  tell.other(null);
  expect(states).toEqual([]);
  tell.updates(null);
  tell.updates(new WardlockError('IPC_FRAME_TOO_LARGE'));
  for (let at = 0; at < 3; at += 1) tell.other(null);
  expect(states).toEqual(['online', 'offline']);
  tell.updates(null);
  tell.other(silence);
  tell.updates(null);
  tell.updates(revoked);
  tell.other(revoked);
  expect(states).toEqual(['online', 'offline', 'online', 'offline', 'online', 'offline']);
  expect(incidents).toEqual(['SERVER_SEAT_REVOKED']);
});

test('a line that broke because the seat was revoked is told again once that is known', () => {
  const { port, reasons } = agentThat();
  const tell = connectionTeller(port, log);
  tell.updates(silence);
  tell.updates(silence);
  tell.updates(revoked);
  tell.updates(revoked);
  expect(reasons).toEqual([silence.message, 'revoked']);
});

test.each([
  ['cannot be handed over', () => Promise.reject(new WardlockError('IPC_FRAME_TOO_LARGE')), 'IPC_FRAME_TOO_LARGE', true],
  ['is refused', () => Promise.resolve({ outcome: 'refused', code: 'DIRECTORY_OLDER', message: 'old' }), 'DIRECTORY_OLDER', false],
] as const)('a directory that %s is an incident, once', async (_how, offer, code, fails) => {
  const { port, incidents } = agentThat(offer);
  const answer = (body: object): SeatAnswer => ({ status: 200, retryAfterMs: null, body: Buffer.from(JSON.stringify(body)) });
  const server: SeatClient = {
    call: async ({ method }) => answer(method === 'GET' ? { policy: null, directory: { version: 7, sealed: 'AAAA' }, people: false } : {}),
    close: () => undefined,
  };
  const updates = openUpdates({ agent: port, server, random: () => 1, onPeople: () => undefined }, { policy: 0, directory: 0 });
  for (let at = 0; at < 2; at += 1) {
    const run = updates.run(new AbortController().signal);
    if (fails) await expect(run).rejects.toMatchObject({ code });
    else await run;
  }
  expect(incidents).toEqual([code]);
});

test('the first poll and the one after a failure ask for an answer at once', async () => {
  const { port } = agentThat();
  const waits: (string | null)[] = [];
  const server: SeatClient = {
    call: async ({ path }) => {
      waits.push(new URL(path, 'https://server').searchParams.get('wait'));
      if (waits.length === 3) throw silence;
      return { status: 200, retryAfterMs: null, body: Buffer.from(JSON.stringify({ policy: null, directory: null, people: false })) };
    },
    close: () => undefined,
  };
  const updates = openUpdates({ agent: port, server, random: () => 1, onPeople: () => undefined }, { policy: 0, directory: 0 });
  for (let at = 0; at < 5; at += 1) await updates.run(new AbortController().signal).catch(() => null);
  expect(waits).toEqual(['0', '45', '45', '0', '45']);
});
