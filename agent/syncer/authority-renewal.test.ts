/** When a syncer asks for a later certificate of its authority, and whose word about it counts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seatPaths } from '../../contract/seat-api.ts';
import { authorityEnd } from '../../crypto/authority.ts';
import { openAuthority } from '../../server/site/authority.ts';
import type { AgentPort } from './agent-port.ts';
import { openAuthorityRenewal } from './authority-renewal.ts';
import type { SyncerIdentity } from './identity.ts';
import type { SeatClient } from './seat-client.ts';

const DAY_MS = 86_400_000;
const LIFE_DAYS = 3650;

let folder: string;
let young: string;
let due: string;
let later: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-asks-'));
  const { authority } = await openAuthority(folder, 'site', Date.now() - (LIFE_DAYS - 1094) * DAY_MS);
  due = authority.certificatePem;
  young = await authority.successor(Date.now() - (LIFE_DAYS - 1096) * DAY_MS);
  later = await authority.successor(Date.now());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A syncer that has `ca`; its server offers `later`, and its agent says `verdict`. */
function syncer(ca: string, verdict: object) {
  const told: unknown[] = [];
  const agent: AgentPort = {
    request: (async (name: string, params: unknown) => {
      told.push([name, params]);
      return verdict;
    }) as AgentPort['request'],
  };
  const server: SeatClient = {
    call: async ({ path, body }) => {
      told.push(body === undefined ? path : [path, JSON.parse(Buffer.from(body).toString('utf8'))]);
      return { status: 200, retryAfterMs: null, body: Buffer.from(JSON.stringify(path === seatPaths.authority ? { ca: later } : {})) };
    },
    close: () => undefined,
  };
  const identity: SyncerIdentity = { schema: 'wardlock-syncer/1', server: '', workstationId: '', ca, key: '', certificate: '' };
  return { told, renewal: openAuthorityRenewal(agent, server, identity) };
}

test('nobody is asked while it holds for more than three years', async () => {
  const { told, renewal } = syncer(young, {});
  expect([await renewal.run(), told]).toEqual([null, []]);
});

test('what the agent took is reported and then the syncer has it too', async () => {
  const { told, renewal } = syncer(due, { outcome: 'applied', ca: later });
  expect(await renewal.run()).toBe(later);
  const version = authorityEnd(later) / 1000;
  const report = { kind: 'authority', version, outcome: 'applied', code: null, message: null };
  expect(told).toEqual([seatPaths.authority, ['authority', { ca: later }], [seatPaths.reports, report]]);
});

test('what the agent had taken before a syncer could keep it is kept now', async () => {
  const { renewal } = syncer(due, { outcome: 'unchanged', ca: later });
  expect(await renewal.run()).toBe(later);
});

test.each([
  ['refuses', { outcome: 'refused', code: 'ENROL_AUTHORITY_FOREIGN', message: 'none of its own' }, 3],
  ['finds no later', { outcome: 'unchanged', ca: '' }, 2],
])('what the agent %s changes nothing, and the server is not asked again at once', async (_what, verdict, calls) => {
  const { told, renewal } = syncer(due, verdict.outcome === 'unchanged' ? { ...verdict, ca: due } : verdict);
  for (let turn = 0; turn < 3; turn += 1) expect(await renewal.run()).toBeNull();
  expect(told.length).toBe(calls);
  if (verdict.outcome === 'refused') {
    const report = { kind: 'authority', version: 0, outcome: 'refused', code: 'ENROL_AUTHORITY_FOREIGN', message: 'none of its own' };
    expect(told.at(-1)).toEqual([seatPaths.reports, report]);
  }
});
