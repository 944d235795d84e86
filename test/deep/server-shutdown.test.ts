/**
 * The end of a server in order: what is in hand is answered, nothing new is taken, and nobody who is slow holds it up. Against a
 * real process that is told to stop while requests are under way.
 */
import { request } from 'node:https';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { FaultServer } from '../support/fault-server.ts';
import { until } from '../support/server-process.ts';

let server: FaultServer;
let seat: SimSeat;
beforeEach(async () => {
  server = await FaultServer.start();
  seat = await server.newSeat();
  seat.append(20);
});
afterEach(() => server.end());

/** An upload of which the server has the first half; `finish` sends the rest and answers with the status. */
async function halfway(): Promise<{ finish: () => void; answer: Promise<number> }> {
  const body = encodeEntries(seat.batch(0, 1));
  const call = request(`${server.ready.seats}${seatPaths.entries}/${seat.incarnation}/0`, {
    method: 'PUT',
    ca: seat.enrolment.ca,
    key: seat.identity.key,
    cert: seat.identity.certificate,
    headers: { 'content-type': 'application/octet-stream', 'content-length': body.length },
  });
  const answer = new Promise<number>((done) => {
    call.once('response', (incoming) => {
      incoming.resume();
      done(incoming.statusCode ?? 0);
    });
    call.once('error', () => done(0));
  });
  await new Promise<void>((sent) => {
    call.write(body.subarray(0, 40), () => sent());
  });
  return { finish: () => call.end(body.subarray(40)), answer };
}

/** What was sent before has been read once two whole requests, one after the other, were answered. */
async function underWay(): Promise<void> {
  for (let at = 0; at < 2; at += 1) {
    const path = `${seatPaths.updates}?policy=999999&directory=999999&wait=0`;
    expect((await seat.client.call({ method: 'GET', path })).status).toBe(200);
  }
}

const refusesConnections = (): Promise<boolean> =>
  new Promise((done) => {
    const { hostname, port } = new URL(server.ready.seats);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      socket.destroy();
      done(false);
    });
    socket.once('error', () => done(true));
  });

test('an upload in hand is stored and acknowledged; a long poll is answered; new connections are refused; the exit code is 0', async () => {
  const poll = seat.client.call({ method: 'GET', path: `${seatPaths.updates}?policy=0&directory=999999&wait=55` });
  const upload = await halfway();
  await underWay();
  const ended = server.stop('SIGTERM');
  await until(refusesConnections);
  expect((await poll).status).toBe(200);
  upload.finish();
  expect(await upload.answer).toBe(200);
  expect(await ended).toBe(0);
  expect(server.stored(seat).length).toBe(1);
});

test('a request that never finishes is cut after a bounded time, and the server ends in order', async () => {
  const upload = await halfway();
  await underWay();
  expect(await server.stop('SIGTERM')).toBe(0);
  expect(await upload.answer).toBe(0);
  await server.restart();
  expect((await seat.put(seat.batch(0, 1))).status).toBe(200);
});
