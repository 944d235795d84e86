/** An enrolment that is cut at its last step: real agent, real server; only the answer of the agent is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentPort } from '../../agent/syncer/agent-port.ts';
import { enrol } from '../../agent/syncer/enrol.ts';
import { readIdentity } from '../../agent/syncer/identity.ts';
import { type ErrorCode, WardlockError } from '../../core/errors/index.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { newToken, type ServerProcess, startServer } from '../support/server-process.ts';

let folder = '';
let server: ServerProcess;
let seat: SeatProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-enrolment-cut-'));
  server = await startServer(folder);
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(async () => {
  await seat.remove();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Types a token at the seat and enrols as the syncer does; the last step fails as told, before or after the agent took it. */
async function enrolWith(failure: { readonly at: 'before' | 'after'; readonly code: ErrorCode }): Promise<string> {
  const asked = Promise.withResolvers<string>();
  const agent = await seat.syncer((token) => asked.resolve(token));
  const screens = await seat.screens();
  await screens.client.request('enrol', { server: server.ready.seats, token: await newToken(server.state) });
  const port: AgentPort = {
    async request(name, params) {
      const isLast = name === 'enrolled';
      if (isLast && failure.at === 'before') throw new WardlockError(failure.code);
      const answer = await agent.request(name, params);
      if (isLast) throw new WardlockError(failure.code);
      return answer;
    },
  };
  const outcome = await enrol(port, join(folder, 'syncer'), { server: server.ready.seats, token: await asked.promise }).then(
    () => 'enrolled',
    ({ code }: WardlockError) => code,
  );
  agent.close();
  screens.close();
  return outcome;
}

test('an answer that was lost loses no certificate: the agent is enrolled, and its syncer goes on with it', async () => {
  expect(await enrolWith({ at: 'after', code: 'IPC_TIMEOUT' })).toBe('IPC_TIMEOUT');
  const identity = readIdentity(join(folder, 'syncer'));
  const again = await seat.syncer();
  expect(identity?.workstationId).toBe(again.welcome.workstationId);
  expect(again.welcome.workstationId).not.toBeNull();
  again.close();
});

test('where the agent refused it nothing is kept', async () => {
  expect(await enrolWith({ at: 'before', code: 'ENROL_REPLY_INVALID' })).toBe('ENROL_REPLY_INVALID');
  expect(readIdentity(join(folder, 'syncer'))).toBeNull();
});
