/** What a seat believes about time: no clock revives what the site has ended, and no restart makes old knowledge young. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../crypto/index.ts';
import type { Clock } from './clock.ts';
import { StaffDirectory } from './credentials/directory.ts';
import { PinCheck } from './credentials/pin.ts';
import { SeatIdentity } from './enrolment/seat-identity.ts';
import { secretBox } from './keys/index.ts';
import { Recorder } from './record/recorder.ts';
import { SiteLink } from './site-link.ts';
import { SeatMemory } from './state/memory.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const silent = { info: () => {}, warn: () => {}, error: () => {} };
let folder = '';
let wallMs = 0;
const clock: Clock = { bootId: 'b', bootMs: () => 1_000, wallMs: () => wallMs };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-site-'));
  wallMs = Date.parse('2030-06-01T12:00:00Z');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function link(serverWallMs = 0, hasSyncer = false): { readonly site: SiteLink; readonly directory: StaffDirectory } {
  const directory = new StaffDirectory(join(folder, 'directory'), box, new PinCheck(randomBytes(32)));
  const seeds = { logSeed: randomBytes(32), sealingSeed: randomBytes(32) };
  const site = new SiteLink({
    identity: new SeatIdentity({ path: join(folder, 'identity'), box, ...seeds }),
    memory: new SeatMemory(join(folder, 'memory'), box, clock),
    policyPath: join(folder, 'policy'),
    sealingSeed: seeds.sealingSeed,
    clock,
    recorder: new Recorder(silent, () => false),
    log: silent,
    directory,
    serverWallMs: () => serverWallMs,
    isOnItsWay: () => false,
    tellSyncer: () => hasSyncer,
    openRecord: () => Promise.resolve(),
    onPolicy: () => {},
    onDirectory: () => {},
    onChanged: () => {},
  });
  return { site, directory };
}

test('escape 53 locked: a clock that was set back to 1970 stands no earlier than what the site has signed', () => {
  const { site, directory } = link();
  const issuedAt = '2030-06-01T00:00:00Z';
  const badgeKey = randomBytes(32).toString('base64');
  const ward = { id: 'icu', name: 'ICU' };
  directory.replace(
    { schema: 'wardlock-directory/1', tenant: 'site', version: 1, issuedAt, ward, seatName: 'Bay', badgeKey, persons: [] },
    () => false,
  );
  expect(site.trustedWallMs()).toBe(wallMs);
  expect(site.trouble).toBeNull();
  wallMs = 0;
  expect(site.trouble).toEqual({ key: 'clock.wrong', params: {}, code: 'SESSION_CLOCK_WRONG' });
  expect(site.trustedWallMs()).toBe(Date.parse(issuedAt));
});

test('escape 53 locked: a clock that runs ahead of the server is said to be wrong, one that is off by a minute is not', () => {
  expect(link(wallMs - 60_000).site.trouble).toBeNull();
  expect(link(wallMs - 86_400_000).site.trouble).toMatchObject({ key: 'clock.wrong' });
});

test('the age of what is known outlives a restart', () => {
  const { site } = link();
  site.setConnection({ state: 'online', since: '2030-06-01T11:00:00Z' });
  wallMs += 86_400_000;
  expect(link().site.connection).toEqual({ state: 'offline', since: '2030-06-01T12:00:00.000Z' });
});

test('a syncer that starts anew makes old knowledge no younger', () => {
  link().site.setConnection({ state: 'online', since: '2030-06-01T11:00:00Z' });
  wallMs += 86_400_000;
  const { site } = link();
  site.setConnection({ state: 'offline', since: '2030-06-02T12:00:00Z' });
  expect(site.connection).toEqual({ state: 'offline', since: '2030-06-01T12:00:00.000Z' });
});

test('a seat that goes offline counts from its last contact, whatever the syncer says', () => {
  const { site } = link();
  site.setConnection({ state: 'online', since: '2030-06-01T11:00:00Z' });
  wallMs += 30_000;
  site.setConnection({ state: 'offline', since: '2031-01-01T00:00:00Z' });
  expect(site.connection).toEqual({ state: 'offline', since: '2030-06-01T12:00:00.000Z' });
});

test('why the server is not heard is kept as long as the syncer says it', () => {
  const { site } = link();
  site.setConnection({ state: 'online', since: '2030-06-01T11:00:00Z' });
  const offline = { state: 'offline', since: '2030-06-01T12:00:00.000Z' } as const;
  site.setConnection({ ...offline, detail: 'nobody answers' });
  expect(site.connection).toEqual({ ...offline, detail: 'nobody answers' });
  site.setConnection({ ...offline, detail: 'revoked' });
  expect(site.connection).toEqual({ ...offline, detail: 'revoked' });
  site.setConnection(offline);
  expect(site.connection).toEqual(offline);
});

test('a token without a syncer fails in words, and the next one is taken', () => {
  const { site } = link();
  expect(() => site.enrol('server:1', 'x')).toThrow(/syncer/);
  expect(() => site.enrol('server:1', 'x')).toThrow(/syncer/);
});

test('an enrolment whose syncer is lost has failed, and says so: nobody waits for an answer that nobody brings', async () => {
  const { site } = link(0, true);
  site.enrol('server:1', 'x');
  const outcome = site.enrolled(60_000).catch((failure: unknown) => failure);
  site.syncerLost();
  expect(await outcome).toMatchObject({ code: 'SESSION_NOT_NOW', message: expect.stringContaining('Type the token again') });
});
