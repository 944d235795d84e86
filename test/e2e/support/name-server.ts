/**
 * A name server of a test's own (RFC 1035, one question a message): it knows one name, and keeps every name that it is asked for.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const PORT = 53;
const HEADER = 12;
const TYPE_A = 1;
const NO_SUCH_NAME = 3;

export interface NameServer {
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** @param known the one name, which leads to 127.0.0.1 */
export async function startNameServer(address: string, known: string): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const { name, end } = questionOf(message);
    asked.push(name);
    socket.send(answerTo(message, end, name === known), from.port, from.address);
  });
  socket.bind(PORT, address);
  await once(socket, 'listening');
  return {
    asked,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function questionOf(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  // The end of the name, then type and class.
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

function answerTo(message: Buffer, end: number, isKnown: boolean): Buffer {
  const question = message.subarray(HEADER, end);
  const hasAddress = isKnown && question.readUInt16BE(question.length - 4) === TYPE_A;
  const header = Buffer.alloc(HEADER);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (isKnown ? 0 : NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  // The name is the question's; type A, class IN, no time to live, four bytes.
  const record = hasAddress ? [0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1] : [];
  return Buffer.concat([header, question, Buffer.from(record)]);
}
