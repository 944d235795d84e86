/**
 * A process of seats that only wait: each connects over mutual TLS 1.3, polls once, then keeps a long poll open for ever. Tells its
 * parent how many are connected. Arguments: the server's address, its CA, the file of seats.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { connect, createSecureContext } from 'node:tls';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { seatPaths } from '../../../contract/seat-api.ts';

const [url = '', caFile = '', seatsFile = ''] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const ca = readFileSync(caFile);
const Waiting = Type.Object({ seats: Type.Array(Type.Object({ key: Type.String(), certificate: Type.String() })) });
const { seats } = Value.Parse(Waiting, JSON.parse(readFileSync(seatsFile, 'utf8')));
/** Handshakes in hand. */
const AT_ONCE = 16;
const LONG_WAIT_SECONDS = 55;
const UNREACHED = 999_999_999_999_999;
/** It knows a staff list that no server has reached: nothing is newer, and nothing but waiting is measured. */
const poll = (seconds: number): string =>
  `GET ${seatPaths.updates}?policy=0&directory=${UNREACHED}&wait=${seconds} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n\r\n`;

let connected = 0;
const tell = (): void => void process.send?.({ connected, wanted: seats.length });

function openSeat({ key, certificate }: { readonly key: string; readonly certificate: string }): Promise<void> {
  return new Promise((answered) => {
    const socket = connect({
      host: hostname,
      port: Number(port),
      minVersion: 'TLSv1.3',
      secureContext: createSecureContext({ ca, key, cert: certificate }),
    });
    let isFirst = true;
    socket.once('secureConnect', () => socket.write(poll(0)));
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) {
        process.stderr.write(`${chunk.toString('latin1').slice(0, 300)}\n`);
        socket.destroy();
        return;
      }
      socket.write(poll(LONG_WAIT_SECONDS));
      if (!isFirst) return;
      isFirst = false;
      connected += 1;
      answered();
    });
    socket.once('error', (error) => process.stderr.write(`${error.message}\n`));
    socket.once('close', () => {
      if (!isFirst) connected -= 1;
      tell();
      answered();
    });
  });
}

process.on('message', tell);
const waiting = [...seats];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await openSeat(next);
  }),
);
tell();
