/**
 * On PostgreSQL the answer to a commit is lost on its way, or the commit itself is, to the message: a relay cuts there, and the server
 * goes on or dies in that moment. What was not acknowledged is sent again, whichever side of the commit it was. SQLite: server-commit.test.ts.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readAnswer, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply } from '../../contract/seat-api.ts';
import { parseCheckpoint, toBase64 } from '../../core/audit/index.ts';
import { CommitProxy, type Side } from '../support/commit-proxy.ts';
import { codeOf, sendAll } from '../support/fault-server.ts';
import { Nodes } from '../support/nodes.ts';
import { cli, until } from '../support/server-process.ts';

type Ending = 'its connection breaks' | 'the server dies';
const CASES: readonly (readonly [Ending, Side])[] = [
  ['its connection breaks', 'before'],
  ['its connection breaks', 'after'],
  ['the server dies', 'before'],
  ['the server dies', 'after'],
];
/** The note that comes with it is stored as it is, and names its root. */
const markerOf = (note: string): string => toBase64(parseCheckpoint(note).checkpoint.root);

let proxy: CommitProxy;
let nodes: Nodes;
let seat: SimSeat;

beforeAll(async () => {
  nodes = await Nodes.start(1, async (address) => {
    proxy = await CommitProxy.start(address);
    return proxy.address;
  });
});
afterAll(async () => {
  await nodes.end();
  await proxy.end();
});

beforeEach(async () => {
  seat = await nodes.newSeat();
  seat.append(20);
  await sendAll(seat);
});

/** Sends what is cut at its commit; afterwards the server runs, and nothing was acknowledged. */
async function breakAt([ending, side]: readonly [Ending, Side], note: string, send: () => Promise<SeatAnswer>): Promise<void> {
  const node = nodes.node(0);
  let struck = false;
  const striking = proxy.strike(side, markerOf(note), () => {
    if (ending === 'the server dies') node.child.kill('SIGKILL');
    struck = true;
  });
  const answer = await send().catch(() => null);
  await until(() => struck);
  await striking;
  if (ending === 'the server dies') {
    expect(answer).toBeNull();
    await node.stop('SIGKILL');
    await nodes.startNode(0);
  } else {
    expect(answer === null ? null : [answer.status, codeOf(answer)]).toEqual([503, 'SERVER_DATABASE_UNREACHABLE']);
  }
}

test.each(CASES)('fault 43: %s exactly %s the commit of entries: nothing is lost, nothing is there twice', async (ending, side) => {
  const from = seat.size;
  seat.append(30);
  const batch = seat.batch(from, 30);
  await breakAt([ending, side], batch.note, () => seat.put(batch));
  expect(await nodes.storedOf(seat)).toBe(side === 'before' ? from : seat.size);
  expect(readAnswer(await seat.put(batch), EntriesReply).size).toBe(seat.size);
  expect(await nodes.storedOf(seat)).toBe(seat.size);
  expect(await nodes.alarmsOf(seat)).toEqual([]);
});

test.each(CASES)('fault 43: %s exactly %s the commit of an anchor: the log of logs has it exactly once', async (ending, side) => {
  const before = seat.size;
  expect((await seat.anchor(0)).status).toBe(200);
  seat.append(5);
  await breakAt([ending, side], seat.log.head, () => seat.anchor(before));
  const again = await seat.anchor(before);
  expect(again.status).toBe(side === 'before' ? 200 : 409);
  if (side === 'after') expect(again.body.toString('utf8')).toBe(`${seat.size}\n`);
  expect((await seat.anchor(seat.size)).status).toBe(200);
  const { db } = await nodes.store();
  const published = db.selectFrom('transparency_entries').select('size').where('workstation_id', '=', seat.workstationId);
  const waiting = db.selectFrom('transparency_queue').select('size').where('workstation_id', '=', seat.workstationId);
  const sizes = (await published.unionAll(waiting).execute()).map(({ size }) => Number(size));
  expect(sizes.toSorted((a, b) => a - b)).toEqual([before, seat.size]);
  const args = ['server', 'log', 'verify', '--state', nodes.node(0).state, '--database', nodes.address, '--json'];
  const checked = await cli(args).catch((error: { stdout: string }) => error.stdout);
  expect(JSON.parse(checked)).toMatchObject({ verdict: 'UNANCHORED', faults: [] });
});
