/**
 * Runs in namespaces of its own (virtual-readers.ts): the machine's smart card service with two virtual readers, and the cards that
 * are laid on them. It takes one order a line and answers each with one line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Order } from './virtual-readers.ts';

const FIRST_PORT = 35_963;
const CONFIGURATION =
  'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID 0x8C7B\n';
/** Of a contactless card with a storage chip (PC/SC part 3, 3.1.3.2.3). */
const USUAL_ATR = '3B8F8001804F0CA000000306030001000000006A';
/** Control messages of one byte that the reader sends; any other payload is a command for the card. */
const ASK_FOR_ATR = 4;
const SUCCESS = '9000';
const LENGTH_BYTES = 2;
const RETRY_MS = 50;
const TRIES = 200;

const folder = process.argv[2] ?? '.';
const cards = new Map<number, Socket>();
let service: ChildProcess | null = null;

function frame(hex: string): Buffer {
  const body = Buffer.from(hex, 'hex');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body]);
}

function answerTo(message: Buffer, card: Extract<Order, { do: 'place' }>): string | undefined {
  if (message.length === 1) return message[0] === ASK_FOR_ATR ? (card.atr ?? USUAL_ATR) : undefined;
  return card.isMute === true ? undefined : `${card.uid}${SUCCESS}`;
}

/** The virtual reader listens a moment after the service began, and takes one card at a time. */
async function dial(slot: number): Promise<Socket> {
  for (let left = TRIES; ; left -= 1) {
    const socket = connect(FIRST_PORT + slot, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (failure) {
      if (left === 0) throw failure;
      await new Promise((later) => setTimeout(later, RETRY_MS));
    }
  }
}

async function place(card: Extract<Order, { do: 'place' }>): Promise<void> {
  const socket = await dial(card.slot);
  cards.set(card.slot, socket);
  let rest = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= LENGTH_BYTES && rest.length >= LENGTH_BYTES + rest.readUInt16BE()) {
      const end = LENGTH_BYTES + rest.readUInt16BE();
      const answer = answerTo(rest.subarray(LENGTH_BYTES, end), card);
      rest = rest.subarray(end);
      if (answer !== undefined) socket.write(frame(answer));
    }
  });
}

async function start(withReaders: boolean): Promise<void> {
  const configuration = `${folder}/readers.d`;
  rmSync(configuration, { recursive: true, force: true });
  mkdirSync(configuration, { recursive: true });
  if (withReaders) writeFileSync(`${configuration}/vpcd`, CONFIGURATION);
  for (const left of ['pcscd.comm', 'pcscd.pid']) rmSync(`/run/pcscd/${left}`, { force: true });
  service = spawn('/usr/sbin/pcscd', ['--foreground', '--config', configuration], { stdio: 'ignore' });
  await once(service, 'spawn');
}

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'start':
      return start(order.withReaders);
    case 'end': {
      const ending = service;
      service = null;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
      const gone = once(ending, 'exit');
      ending.kill('SIGKILL');
      await gone;
      return;
    }
    case 'hold':
      service?.kill(order.held ? 'SIGSTOP' : 'SIGCONT');
      return;
    case 'place':
      return place(order);
    case 'take':
      cards.get(order.slot)?.destroy();
      cards.delete(order.slot);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const failure = await obey(JSON.parse(line)).then(
    () => null,
    (reason: unknown) => String(reason),
  );
  process.stdout.write(`${JSON.stringify({ failure })}\n`);
}
