/**
 * A process of idle seats: connects each over mutual TLS 1.3, polls once and counts the answer, then keeps a long poll open
 * for ever. Tells its parent how many are connected. Arguments: the server's address, its CA, the file of identities.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { connect, createSecureContext } from 'node:tls';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { seatPaths } from '../../../contract/seat-api.ts';

const [url = '', caFile = '', identitiesFile = ''] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);
const ca = readFileSync(caFile);
const Identities = Type.Array(Type.Object({ key: Type.String(), certificate: Type.String() }));
const identities = Value.Parse(Identities, JSON.parse(readFileSync(identitiesFile, 'utf8')));
/** Handshakes in hand. */
const AT_ONCE = 16;
const LONG_WAIT_SECONDS = 55;
const poll = (seconds: number): string =>
  `GET ${seatPaths.updates}?policy=0&directory=0&wait=${seconds} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n\r\n`;

let connected = 0;
let lost = 0;
const tell = (): void => void process.send?.({ connected, lost, wanted: identities.length });

function openSeat({ key, certificate }: { readonly key: string; readonly certificate: string }): Promise<void> {
  return new Promise((answered) => {
    const socket = connect({
      host: hostname,
      port: Number(port),
      minVersion: 'TLSv1.3',
      secureContext: createSecureContext({ ca, key, cert: certificate }),
    });
    let first = true;
    socket.once('secureConnect', () => socket.write(poll(0)));
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) {
        lost += 1;
        process.stderr.write(`${chunk.toString('latin1').slice(0, 300)}\n`);
        socket.destroy();
        return;
      }
      socket.write(poll(LONG_WAIT_SECONDS));
      if (!first) return;
      first = false;
      connected += 1;
      answered();
    });
    socket.once('error', (error) => process.stderr.write(`${error.message}\n`));
    socket.once('close', () => {
      lost += 1;
      tell();
      answered();
    });
  });
}

process.on('message', tell);
const waiting = [...identities];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await openSeat(next);
  }),
);
tell();
