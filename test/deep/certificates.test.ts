/**
 * Certificates over the months: a seat that renews by itself, one that was away for longer than its certificate, and the server's
 * own in a process that nobody restarts. Server, agent and syncer are real processes under one wall clock that the test moves.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { laterAuthority } from '../../crypto/authority.ts';
import type { AuthorityStatus } from '../../server/services/authority-renewal.ts';
import { openAuthority } from '../../server/site/authority.ts';
import { cli, rows, startServer, until } from '../support/server-process.ts';
import { hasSiteClock, NEEDS_SITE_CLOCK, openSiteClock, type SiteClock } from '../support/site-clock.ts';
import { Ward, type WardSeat } from '../support/ward.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '805917' };
const TEST_MS = 240_000;
const DAY_MS = 86_400_000;
const run = promisify(execFile);

let folder: string;
let clock: SiteClock;
let ward: Ward | null;
beforeEach(async () => {
  ward = null;
  folder = await mkdtemp(join(tmpdir(), 'wardlock-months-'));
  clock = openSiteClock(folder);
});
afterEach(async () => {
  await ward?.remove();
  clock.release();
  await rm(folder, { recursive: true, force: true });
});

/** Ada comes and goes. */
async function visit(seat: WardSeat): Promise<void> {
  await seat.screens.client.request('badge', { number: ada.badge });
  const view = await seat.screens.sees(({ phase, prompt }) => phase === 'open' || prompt?.kind === 'pin');
  if (view.prompt?.kind === 'pin') await seat.pin(ada.pin);
  await seat.opened();
  await seat.leave();
}

test.skipIf(!hasSiteClock)(
  `a seat renews by itself on day 61; after 120 and 200 days offline it comes back by itself, and all that it recorded arrives ${NEEDS_SITE_CLOCK}`,
  { timeout: TEST_MS },
  async () => {
    const roles = [{ id: 'nurse', name: 'Nurse', apps: ['web'], badgeOnlySeconds: 43_200 }];
    ward = await Ward.open(1, [ada], { roles, expiresAt: '2099-01-01T00:00:00Z' });
    const [seat] = ward.seats;
    if (seat === undefined) throw new Error('one seat');
    const { state } = ward.server;
    const renewals = (): boolean[] =>
      rows<{ body: string }>(state, "select body from server_events where type = 'seat.renewed' order by seq").map(({ body }) => {
        const { ended }: { ended: boolean } = JSON.parse(body);
        return ended;
      });
    const synced = () =>
      seat.screens.sees(({ truth: { connection, storage } }) => connection.state === 'online' && storage.unreceipted === 0);
    await visit(seat);
    await synced();
    expect(renewals()).toEqual([]);

    clock.setDays(61);
    await until(() => renewals().length === 1);
    await visit(seat);
    await synced();

    let sessions = 2;
    for (const day of [61 + 120, 61 + 120 + 200]) {
      await ward.server.stop();
      const { truth } = await seat.screens.sees((view) => view.truth.connection.state === 'offline');
      clock.setDays(day);
      // A clock that steps locks the seat, once that is recorded: whoever comes in before is put out again.
      await seat.screens.sees((view) => view.truth.storage.unreceipted > truth.storage.unreceipted);
      await visit(seat);
      await ward.serverBack();
      await synced();
      sessions += 1;
      await until(() => rows(state, "select * from indexed_events where type = 'session.started'").length === sessions);
    }
    expect(renewals()).toEqual([false, true, true]);
    const refused = rows<{ body: string }>(state, "select body from server_events where type = 'peer.refused'").map(({ body }) => body);
    expect(refused.some((body) => body.includes('"reason":"SERVER_SEAT_EXPIRED"'))).toBe(true);
    const [log] = rows<{ size: number; stored: number }>(state, 'select size, (select sum(count) from segments) as stored from logs');
    expect(log?.stored).toBe(log?.size);
    // The first two have ended and were superseded; the third is what the seat asked with last.
    expect(rows(state, 'select * from seat_certificates').length).toBe(2);
  },
);

test.skipIf(!hasSiteClock)(
  `the site's authority ends and nobody is lost: one seat that was online, one that was away for 700 days ${NEEDS_SITE_CLOCK}`,
  { timeout: TEST_MS },
  async () => {
    const roles = [{ id: 'nurse', name: 'Nurse', apps: ['web'], badgeOnlySeconds: 43_200 }];
    // It has 1,110 days left when the seats enrol: 15 more than both its certificates are to hold.
    const prepare = (made: string) => openAuthority(join(made, 'server'), 'site', Date.now() - 2540 * DAY_MS);
    ward = await Ward.open(2, [ada], { roles, expiresAt: '2099-01-01T00:00:00Z' }, prepare);
    const [online, away] = ward.seats;
    if (online === undefined || away === undefined) throw new Error('two seats');
    const { state } = ward.server;
    const former = join(folder, 'former.pem');
    copyFileSync(ward.server.ready.ca, former);
    const isOnline = (seat: WardSeat) => seat.screens.sees(({ truth: { connection } }) => connection.state === 'online');
    const status = (): Promise<AuthorityStatus> => ward?.cli(['server', 'authority']) ?? expect.unreachable();
    /** What the agent and the syncer of a seat believe. */
    const believed = async (seat: WardSeat): Promise<unknown> => {
      const checks = JSON.parse(await cli(['doctor', '--state', seat.process.state, '--json']).catch((failed) => failed.stdout)).checks;
      const { says } = checks.find(({ id }: { id: string }) => id === 'authority');
      const { ca }: { ca: string } = JSON.parse(readFileSync(join(seat.process.state, 'syncer', 'identity.json'), 'utf8'));
      return [says, ca];
    };
    expect((await status()).renewal).toBeNull();
    await away.disconnect();

    await ward.server.stop();
    clock.setDays(16);
    await ward.serverBack();
    const present = readFileSync(ward.server.ready.ca, 'utf8');
    expect(laterAuthority(readFileSync(former, 'utf8'), present, Date.now() + 16 * DAY_MS)).toBe(present);
    await until(async () => (await status()).renewal?.behind.count === 1);
    const { until: end, renewal } = await status();
    expect(renewal?.behind.names).toEqual(['Bay 2']);
    const says = (): Promise<string> => cli(['server', 'authority', '--state', state]);
    expect(await says()).toContain('\n1 seat lacks the present one: Bay 2. Each fetches it by itself: bring online what is not.\n');
    const knows = [`The authority of the site holds until ${end.slice(0, 10)}.`, present];
    await until(async () => isDeepStrictEqual(await believed(online), knows));
    await isOnline(online);

    clock.setDays(716);
    away.connect();
    await until(async () => (await status()).renewal?.behind.count === 0);
    await until(async () => isDeepStrictEqual(await believed(away), knows));
    expect(await says()).toMatch(/^The authority of this site holds until .+\nEvery seat has the present one\.\n$/);

    // Past the end of the former certificate: what has that alone believes this server no more.
    await ward.server.stop();
    clock.setDays(1120);
    await ward.serverBack();
    for (const seat of [online, away]) {
      await isOnline(seat);
      await visit(seat);
    }
    expect(await asksUnderClock(`${ward.server.ready.console}/healthz`, ward.server.ready.ca)).toBe('200');
    await expect(asksUnderClock(`${ward.server.ready.console}/healthz`, former)).rejects.toThrow(/CERT_HAS_EXPIRED/);
    expect(rows(state, "select * from server_events where type = 'authority.renewed'").length).toBe(1);
    await until(() => rows(state, "select * from indexed_events where type = 'authority.renewed'").length === 2);
    expect(
      rows(state, "select * from alarms where kind = 'SITE_AUTHORITY_ENDS' and detail like 'The former certificate % ended on %'").length,
    ).toBe(1);
  },
);

/** The certificate that a listener shows now. */
function shownBy(url: string): Promise<X509Certificate> {
  const { hostname, port } = new URL(url);
  return new Promise((done, fail) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) fail(new Error('no certificate was shown'));
      else done(certificate);
    });
  });
}

/** A process under the moved clock that trusts the site's authority: prints the status of its answer, or fails. */
async function asksUnderClock(url: string, ca: string): Promise<string> {
  const program = `require('node:https').get(process.argv[1], { ca: require('node:fs').readFileSync(process.argv[2]) },
    (answer) => { answer.resume(); process.stdout.write(String(answer.statusCode)); })`;
  return (await run(process.execPath, ['-e', program, '--', url, ca])).stdout;
}

test.skipIf(!hasSiteClock)(
  `a server that nobody restarts has a good certificate on both listeners after a year, and says that it made one ${NEEDS_SITE_CLOCK}`,
  { timeout: TEST_MS },
  async () => {
    const server = await startServer(folder);
    try {
      const { seats, console: people, ca } = server.ready;
      const before = new Map<string, string>();
      for (const url of [seats, people]) before.set(url, (await shownBy(url)).fingerprint256);
      clock.setDays(400);
      for (const url of [seats, people]) {
        await until(async () => (await shownBy(url)).fingerprint256 !== before.get(url));
        expect(Date.parse((await shownBy(url)).validTo)).toBeGreaterThan(Date.now() + 700 * 86_400_000);
      }
      expect(await asksUnderClock(`${people}/healthz`, ca)).toBe('200');
      expect(await asksUnderClock(`${seats}/v1/nothing`, ca)).toBe('404');
      for (const listener of ['seats', 'console']) {
        expect(server.stderr()).toMatch(new RegExp(`"listener":"${listener}","message":"a listener has a new certificate"`));
      }
    } finally {
      await server.stop();
    }
  },
);

test('the console shows the certificate of its files, and takes new ones without a restart once they fit', {
  timeout: TEST_MS,
}, async () => {
  const { authority } = await openAuthority(join(folder, 'hospital-ca'), 'hospital', Date.now());
  const [cert, key] = [join(folder, 'console.pem'), join(folder, 'console.key')];
  const make = async (name: string) => authority.serverIdentity(name, ['127.0.0.1', name], Date.now());
  const [first, second] = [await make('first'), await make('second')];
  writeFileSync(cert, first.certificate);
  writeFileSync(key, first.key);
  const server = await startServer(folder, { more: ['--console-cert', cert, '--console-key', key] });
  try {
    const { console: people } = server.ready;
    const fingerprint = (pem: string): string => new X509Certificate(pem).fingerprint256;
    expect((await shownBy(people)).fingerprint256).toBe(fingerprint(first.certificate));
    expect(await asksUnderClock(`${people}/healthz`, join(folder, 'hospital-ca', 'ca.pem'))).toBe('200');
    // Half of it: what does not fit together never comes into force, and the server says so.
    writeFileSync(cert, second.certificate);
    await until(() => server.stderr().includes('a listener keeps the certificate that it has'));
    expect((await shownBy(people)).fingerprint256).toBe(fingerprint(first.certificate));
    writeFileSync(key, second.key);
    await until(async () => (await shownBy(people)).fingerprint256 === fingerprint(second.certificate));
  } finally {
    await server.stop();
  }
});
