/**
 * An enrolment that fails, with a real agent, a real syncer and a real server: a plain sentence at the seat, a code, and an
 * event on both sides. What the seat recorded is read decrypted, once a later token made it a seat of the site.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSite } from '../support/new-site.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from '../support/server-process.ts';
import { SyncerProcess, syncUser } from '../support/syncer-process.ts';

/** Long over when it is typed. */
const EXPIRED_HOURS = '0.0000001';

let folder = '';
let server: ServerProcess;
let seat: SeatProcess;
let syncer: SyncerProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-enrolment-'));
  server = await startServer(folder);
  seat = await SeatProcess.create([], syncUser);
  await seat.start();
  syncer = new SyncerProcess(seat);
});
afterEach(async () => {
  await syncer.stop();
  await seat.remove();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Types a token at the seat; asks again while the syncer is not there yet. */
async function enrol(screens: Screens, token: string): Promise<void> {
  await until(() =>
    screens.client.request('enrol', { server: server.ready.seats, token }).then(
      () => true,
      () => false,
    ),
  );
}

/** The sentence that the seat shows with this code. */
async function refusalOf(screens: Screens, token: string, code: string): Promise<string | undefined> {
  await enrol(screens, token);
  const { enrolment } = await screens.sees((view) => view.enrolment?.step === 'failed' && view.enrolment.error?.code === code);
  return enrolment?.error?.message;
}

async function expiredToken(): Promise<string> {
  const wanted = ['--seat', 'Bay 9', '--ward', 'icu', '--hours', EXPIRED_HOURS, '--json'];
  const made: { token: string } = JSON.parse(await cli(['enrol-token', 'new', '--state', server.state, ...wanted]));
  return made.token;
}

async function publish(): Promise<void> {
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify(seat.site.document(1)));
  await cli(['policy', 'publish', file, '--server', server.ready.console, '--key', join(folder, 'policy.key'), '--ca', server.ready.ca]);
}

const refusedPeers = (): readonly string[] =>
  rows<{ body: string }>(server.state, "select body from server_events where type = 'peer.refused' order by seq").map(({ body }) => {
    const { reason }: { reason: string } = JSON.parse(body);
    return reason;
  });

test('an expired token and one of another server: said at the seat, recorded there and on the server', { timeout: 60_000 }, async () => {
  const screens = await seat.screens();
  expect(await refusalOf(screens, await expiredToken(), 'ENROL_TOKEN_EXPIRED')).toBe(
    'This enrolment token has expired or was used. Ask for a new one.',
  );
  await until(() => refusedPeers().includes('ENROL_TOKEN_EXPIRED'));
  const known = refusedPeers().length;

  await makeSite(join(folder, 'elsewhere'));
  const elsewhere = await newToken(join(folder, 'elsewhere'));
  expect(await refusalOf(screens, elsewhere, 'ENROL_WRONG_SERVER')).toMatch(/^[A-Z].*\.$/u);
  // Nothing was sent to the wrong server, so it has nothing to record.
  expect(refusedPeers().length).toBe(known);

  await publish();
  await enrol(screens, await newToken(server.state));
  await screens.sees(({ truth }) => truth.policy.version === 1);
  await syncer.stop();
  // Before the syncer had reached the agent, tries may have been refused too: only the last three are of these tokens.
  const events = await seat.record(await seat.syncer());
  const enrolments = events.filter(({ type }) => type.startsWith('enrolment.'));
  expect(enrolments.slice(-3)).toEqual([
    { type: 'enrolment.refused', body: { code: 'ENROL_TOKEN_EXPIRED' } },
    { type: 'enrolment.refused', body: { code: 'ENROL_WRONG_SERVER' } },
    { type: 'enrolment.completed', body: { tenant: 'site' } },
  ]);
});
