/**
 * An auditor's export and the log of logs, by the command line against a running server: what was published is proven under the
 * key of the log of logs, what waits for its place is said, and another history under the same name is found out.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { FaultServer, sendAll } from '../support/fault-server.ts';
import { cli, rows, until } from '../support/server-process.ts';

let server: FaultServer;
let mirrorKey: string;
let exports = 0;
beforeAll(async () => {
  server = await FaultServer.start();
  await cli(['account', 'add', 'iris', '--state', server.state], 'correct horse battery\n');
  await writeFile(join(server.folder, 'password'), 'correct horse battery\n');
  ({ mirrorKey } = JSON.parse(await cli(['keys', 'show', '--state', server.state, '--json'])));
});
afterAll(() => server.end());

async function exported(seat: SimSeat): Promise<string> {
  // An export is never overwritten.
  exports += 1;
  const out = join(server.folder, `export-${exports}.jsonl`);
  const [{ name } = { name: '' }] = rows<{ name: string }>(
    server.state,
    'select name from seats where workstation_id = ?',
    seat.workstationId,
  );
  const { console: address, ca } = server.ready;
  const who = ['--server', address, '--ca', ca, '--account', 'iris', '--password-file', join(server.folder, 'password')];
  const when = ['--from', '2001-01-01T00:00:00Z', '--to', '2099-01-01T00:00:00Z'];
  await cli(['audit', 'export', ...who, '--seat', name, ...when, '--out', out]);
  return out;
}

const verify = (file: string, ...keys: readonly string[]): Promise<string> =>
  cli(['audit', 'verify', file, ...keys.flatMap((key) => ['--key', key])]).catch((failed: { stdout: string }) => failed.stdout);

async function publishedKey(seat: SimSeat): Promise<string> {
  await until(() => rows(server.state, 'select 1 from transparency_entries where workstation_id = ?', seat.workstationId).length > 0);
  const { logs }: { logs: { key: string }[] } = JSON.parse(await cli(['server', 'log', 'show', '--state', server.state, '--json']));
  return logs.at(-1)?.key ?? '';
}

test('what was anchored is proven in an export that holds more, across the blocks of the tree; what was not waits, and verifies all the same', async () => {
  const seat = await server.newSeat();
  seat.append(300);
  await sendAll(seat);
  expect(await verify(await exported(seat), mirrorKey)).toMatch(/^OK .*NOT YET IN THE LOG OF LOGS\n$/);
  expect((await seat.anchor(0)).status).toBe(200);
  const anchored = seat.size;
  const logKey = await publishedKey(seat);
  seat.append(700);
  await sendAll(seat, anchored);
  const file = await exported(seat);
  expect(await verify(file, mirrorKey)).toMatch(/^OK .*log of logs not checked \(no --key of it\)\n$/);
  expect(await verify(file, mirrorKey, logKey)).toMatch(new RegExp(`^OK .*its first ${anchored} entries are in the log of logs\\n$`));
  // The key of the log of logs vouches for no seat's log by itself.
  expect(await verify(file, logKey)).toMatch(/^KEY_MISMATCH/);
  const stranger = (await server.newSeat()).workstationId;
  const forged = readFileSync(file, 'utf8').replace(/"entry":"([^"]*)","proof":"c2sp/, (_all, entry: string) => {
    const note = Buffer.from(entry, 'base64').toString('utf8').replace(seat.workstationId, stranger);
    return `"entry":"${Buffer.from(note).toString('base64')}","proof":"c2sp`;
  });
  await writeFile(file, forged);
  expect(await verify(file, mirrorKey, logKey)).toMatch(/^PROOF_INVALID: .* in the log of logs\./);
});
