/**
 * A break-glass while the store's disk is full, with a real agent, a real syncer and a real server: the emergency log
 * takes it, it reaches the server as soon as the seat can record again, and the auditor reads it as a story.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openSite } from '../../server/compose.ts';
import { testPolicy } from '../support/policy.ts';
import { rootTest } from '../support/root.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
let folder: string;
let seat: SeatProcess;
let server: ServerProcess;
let syncer: ChildProcess | null = null;
let mounted: string | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-emergency-'));
  seat = await SeatProcess.create();
});
afterEach(async () => {
  if (syncer !== null && syncer.exitCode === null) {
    const gone = once(syncer, 'exit');
    syncer.kill();
    await gone;
  }
  await seat.stop();
  await server.stop();
  if (mounted !== null) execFileSync('umount', ['-l', mounted]);
  await seat.remove();
  await rm(folder, { recursive: true, force: true });
});

async function publishPolicy(): Promise<void> {
  const publicKey = (kind: string): string => {
    const file: { publicKey: string } = JSON.parse(readFileSync(join(folder, `${kind}.key.pub`), 'utf8'));
    return file.publicKey;
  };
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify(testPolicy(1, { reader: publicKey('reader'), escrow: publicKey('escrow') })));
  await cli(['policy', 'publish', file, '--server', server.ready.console, '--key', join(folder, 'policy.key'), '--ca', server.ready.ca]);
}

rootTest('a break-glass that only the emergency log took is on the server later, and is a story there', async () => {
  for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
  server = await startServer(folder, { more: ['--reader-key', join(folder, 'reader.key')] });
  await publishPolicy();
  // The first start makes the seat's folders.
  await seat.start();
  await seat.stop();
  mounted = join(seat.state, 'agent', 'audit');
  mkdirSync(mounted, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', mounted]);
  await seat.start();
  syncer = spawn(process.execPath, [program, 'syncer', '--state', seat.state], { stdio: 'ignore' });
  const screens = await seat.screens();
  const token = await newToken(server.state);
  const { host } = new URL(server.ready.seats);
  await until(async () => (await screens.client.request('enrol', { server: host, token })).taken);
  await screens.sees((view) => view.phase === 'locked');
  await until(() => rows(server.state, 'select * from index_cursors where next_seq > 1').length > 0);

  const filler = join(mounted, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
  for (let at = 0; !seat.log.includes('AUDIT_STORE_FULL') && at < 200; at += 1) {
    expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: `fire ${at}` })).toEqual({ taken: true });
    await screens.sees((view) => view.phase === 'open');
    await screens.client.request('logout', {});
    await screens.sees((view) => view.phase === 'locked');
  }
  expect(seat.log).toContain('AUDIT_STORE_FULL');
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'flood' })).toEqual({ taken: true });
  expect(await screens.sees((view) => view.phase === 'open')).toMatchObject({ session: { kind: 'breakglass', recorded: true } });
  await screens.client.request('logout', {});
  await screens.sees((view) => view.phase === 'locked');
  rmSync(filler);

  const inEmergency = () =>
    rows<{ session_id: string; workstation_id: string; incarnation: string }>(
      server.state,
      "select * from indexed_events where type = 'breakglass.started' and body like '%flood%'",
    )[0];
  const found = await until(inEmergency);
  const ended = () =>
    rows(server.state, 'select * from indexed_sessions where session_id = ? and ended_at is not null', found.session_id)[0];
  await until(ended);
  const main = rows<{ incarnation: string }>(server.state, 'select incarnation from logs order by first_at')[0];
  expect(found.incarnation).not.toBe(main?.incarnation);
  const site = await openSite({ stateFolder: server.state, database: null, tenant: null });
  const story = await site.stories.story(found.workstation_id, found.session_id);
  await site.close();
  expect(story).toMatchObject({ session: { kind: 'breakglass', endReason: 'logout' }, incarnation: found.incarnation, gaps: [] });
  expect(story.events.map(({ type }) => type)).toContain('breakglass.ended');
});
