/**
 * A log that was replaced, with a real agent, a real syncer and a real server: what the server did not have of it when the
 * seat lost its keys goes up all the same, and an auditor reads it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cliBoundary } from '../../contract/cli.ts';
import { connect } from '../../ipc/client.ts';
import { SeatAndServer } from '../support/seat-and-server.ts';
import { cli, rows, until } from '../support/server-process.ts';

let site: SeatAndServer;
beforeEach(async () => {
  site = await SeatAndServer.create();
});
afterEach(() => site.remove());

interface LogRow {
  readonly incarnation: string;
  readonly size: number;
  readonly pinned_size: number;
}
const logs = () => rows<LogRow>(site.server.state, 'select incarnation, size, pinned_size from logs order by first_at');

async function record(): Promise<{ readonly state: string; readonly says: string }> {
  const client = await connect({ boundary: cliBoundary, path: site.seat.socket('cli'), build: 'test', events: {} });
  try {
    const { checks } = await client.request('doctor', {});
    return checks.find(({ id }) => id === 'record') ?? { state: '', says: '' };
  } finally {
    client.close();
  }
}

test('the tail of a log that the seat could not continue is on the server later, and is read there', async () => {
  const { seat, server } = site;
  await seat.start();
  site.startSyncer();
  const screens = await site.enrol();
  await site.stopSyncer();
  const [before] = logs();
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'before the loss' })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  await screens.client.request('logout', {});
  await screens.sees((view) => view.phase === 'locked');
  await seat.stop();
  for (const name of readdirSync(join(seat.state, 'agent'))) if (/^epoch-[ab]\.key$/.test(name)) rmSync(join(seat.state, 'agent', name));

  await seat.start();
  expect(readdirSync(site.store).filter((name) => name.endsWith('.db') && name !== 'audit.db')).toHaveLength(1);
  expect(rows(server.state, "select * from indexed_events where body like '%before the loss%'")).toEqual([]);
  site.startSyncer();
  const found = await until(
    () =>
      rows<LogRow>(
        server.state,
        "select incarnation from indexed_events where type = 'breakglass.started' and body like '%before the loss%'",
      )[0],
  );
  expect(found.incarnation).toBe(before?.incarnation);
  // The end of the old log: the seat says when nothing of it waits any more.
  await until(
    () => rows(server.state, "select * from indexed_events where type = 'breakglass.ended' and incarnation = ?", found.incarnation)[0],
  );
  const [after, present] = logs();
  expect(after?.size).toBeGreaterThan(before?.size ?? 0);
  expect(present?.incarnation).not.toBe(after?.incarnation);
  // The witness was shown its whole length: an end that is lost from there on is named.
  expect(after?.pinned_size).toBeGreaterThanOrEqual(after?.size ?? Number.POSITIVE_INFINITY);
  // That it was replaced is an alarm at the seat until somebody has seen it.
  expect(await record()).toMatchObject({ state: 'stop', says: expect.stringContaining('KEYS_LOST') });
  expect(await cli(['audit', 'acknowledge', '--state', seat.state])).toContain('KEYS_LOST: ');
  expect(await until(async () => ((await record()).says.includes(' wait too') ? null : record()))).toMatchObject({ state: 'ok' });
  expect(readdirSync(site.store).filter((name) => name.endsWith('.db') && name !== 'audit.db')).toHaveLength(1);
});

test('a server that lost entries of a log that was replaced says so, because the head of what is left goes up under the log key', async () => {
  const { seat, server } = site;
  await seat.start();
  site.startSyncer();
  const screens = await site.enrol();
  await screens.sees((view) => view.truth.storage.unreceipted === 0);
  await site.stopSyncer();
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'before the loss' })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  // In the midst of an epoch: no closing checkpoint, which the log key signs anyway, covers what is left to send.
  await seat.stop('SIGKILL');
  for (const name of readdirSync(join(seat.state, 'agent'))) if (/^epoch-[ab]\.key$/.test(name)) rmSync(join(seat.state, 'agent', name));
  const [before] = logs();
  const database = new Database(join(server.state, 'wardlock.db'));
  for (const table of ['segments', 'checkpoints', 'logs']) database.exec(`delete from ${table}`);
  database.close();

  await seat.start();
  site.startSyncer();
  const lost = await until(() => rows<{ detail: string }>(server.state, "select detail from alarms where kind = 'SERVER_LOST_ENTRIES'")[0]);
  expect(lost.detail).toContain(before?.incarnation);
  await until(() => (logs().find(({ incarnation }) => incarnation === before?.incarnation)?.size ?? 0) > (before?.size ?? 0));
});
