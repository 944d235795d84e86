/**
 * The server dies exactly before and exactly after the commit of what a seat sent, to the system call: a preloaded shim kills
 * it there. What was not acknowledged may be sent again, whichever side of the commit it was.
 */
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply } from '../../contract/seat-api.ts';
import { parseCheckpoint, toBase64 } from '../../core/audit/index.ts';
import { FaultServer, sendAll } from '../support/fault-server.ts';
import { cli } from '../support/server-process.ts';

const SIDES = ['before', 'after'] as const;
/** Text of an entry would be ciphertext: the note that comes with it is stored as it is, and names its root. */
const markerOf = (note: string): string => toBase64(parseCheckpoint(note).checkpoint.root);

let server: FaultServer;
let armed: string;
let seat: SimSeat;

beforeAll(async () => {
  server = await FaultServer.start();
  const shim = join(server.folder, 'kill-at-commit.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', shim, join(import.meta.dirname, '../support/kill-at-commit.c'), '-ldl']);
  armed = join(server.folder, 'armed');
  await server.stop();
  await server.restart({ LD_PRELOAD: shim, KILL_AT_COMMIT: armed });
});
afterAll(() => server.end());

beforeEach(async () => {
  seat = await server.newSeat();
  seat.append(20);
  await sendAll(seat);
});

/** Sends, waits until the server is dead, and starts it again as it is in production. */
async function dieAt(side: (typeof SIDES)[number], note: string, send: () => Promise<unknown>): Promise<void> {
  await writeFile(armed, `${side} ${markerOf(note)}\n`);
  const answered = await send().then(
    () => true,
    () => false,
  );
  expect(answered).toBe(false);
  await server.stop('SIGKILL');
  await rm(armed);
  await server.restart({ LD_PRELOAD: join(server.folder, 'kill-at-commit.so'), KILL_AT_COMMIT: armed });
}

test.each(SIDES)('fault 43: the server dies exactly %s the commit of entries: nothing is lost, nothing is there twice', async (side) => {
  const from = seat.size;
  seat.append(30);
  const batch = seat.batch(from, 30);
  await dieAt(side, batch.note, () => seat.put(batch));
  expect(server.stored(seat).length).toBe(side === 'before' ? from : seat.size);
  expect(readAnswer(await seat.put(batch), EntriesReply).size).toBe(seat.size);
  server.expectWhole(seat);
  expect(server.alarms(seat)).toEqual([]);
});

test.each(SIDES)('fault 43: the server dies exactly %s the commit of an anchor: the log of logs has it exactly once', async (side) => {
  const before = seat.size;
  expect((await seat.anchor(0)).status).toBe(200);
  seat.append(5);
  await dieAt(side, seat.log.head, () => seat.anchor(before));
  const again = await seat.anchor(before);
  expect(again.status).toBe(side === 'before' ? 200 : 409);
  if (side === 'after') expect(again.body.toString('utf8')).toBe(`${seat.size}\n`);
  expect((await seat.anchor(seat.size)).status).toBe(200);
  await server.stop();
  await server.restart();
  const named = () =>
    server.rows<{ size: number }>(
      `select size from transparency_entries where workstation_id = ? union all select size from transparency_queue where workstation_id = ? order by size`,
      seat.workstationId,
      seat.workstationId,
    );
  expect(named().map(({ size }) => size)).toEqual([before, seat.size]);
  const checked = await cli(['server', 'log', 'verify', '--state', server.state, '--json']).catch(
    (error: { stdout: string }) => error.stdout,
  );
  expect(JSON.parse(checked)).toMatchObject({ verdict: 'UNANCHORED', faults: [] });
  const shim = join(server.folder, 'kill-at-commit.so');
  await server.stop();
  await server.restart({ LD_PRELOAD: shim, KILL_AT_COMMIT: armed });
});
