/**
 * A process of idle seats: each is the syncer's own session with every lane that a real seat runs, over a log that nobody adds to. They
 * come one after the other. Tells its parent how many are connected. Arguments: the server's address,
 * its CA, the file of seats.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { openSeatClient } from '../../../agent/syncer/seat-client.ts';
import { SimRecord } from '../../../cli/sim/record.ts';
import { openSimSession } from '../../../cli/sim/session.ts';
import { nodeCrypto } from '../../../crypto/index.ts';

const [server = '', caFile = '', seatsFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile, 'utf8');
const IdleSeat = Type.Object({ key: Type.String(), certificate: Type.String(), logSeed: Type.String(), sealingSeed: Type.String() });
const IdleSeats = Type.Object({
  site: Type.Object({ tenant: Type.String(), directoryKey: Type.String(), mirrorKey: Type.String(), witnessKey: Type.String() }),
  seats: Type.Array(IdleSeat),
});
export type IdleSeats = Static<typeof IdleSeats>;

const { site, seats } = Value.Parse(IdleSeats, JSON.parse(readFileSync(seatsFile, 'utf8')));
const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
/** Handshakes in hand. */
const AT_ONCE = 16;
/** A machine that is too busy for its seats says so often enough. */
const MOST_WARNINGS = 5;

const waiting = [...seats];
let connected = 0;
const tell = (): void => void process.send?.({ connected, wanted: seats.length });
let warnings = 0;
const warn = (text: string): void => {
  warnings += 1;
  if (warnings <= MOST_WARNINGS) process.stderr.write(`${text}\n`);
};
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function openSeat({ key, certificate, logSeed, sealingSeed }: Static<typeof IdleSeat>): Promise<void> {
  const record = new SimRecord(recipients, bytesOf(logSeed));
  record.newEpoch();
  const identity = { key, certificate };
  let wasOnline = false;
  return new Promise((answered) => {
    openSimSession(
      { record, identity, sealingSeed: bytesOf(sealingSeed), enrolment: { ...site, ca } },
      {
        server,
        client: openSeatClient(server, ca, identity),
        elapsed: () => performance.now(),
        speed: 1,
        onIncident: (code) => warn(`an idle seat tells of ${code}`),
        onConnection: (isOnline, why) => {
          if (!isOnline && wasOnline) warn(`an idle seat is offline: ${why ?? 'no reason'}`);
          connected += Number(isOnline) - Number(wasOnline);
          wasOnline = isOnline;
          if (waiting.length === 0) tell();
          answered();
        },
      },
    );
  });
}

process.on('message', tell);
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await openSeat(next);
  }),
);
tell();
