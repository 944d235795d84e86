/**
 * A process that records events with several appenders at once and writes down elsewhere, durably, which were acknowledged:
 * what a crash test kills. Test program only. Argument: JSON of its seat and how to append.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { openVault } from '../../agent/keys/index.ts';
import { openStore } from '../../agent/store/index.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { lockEvent } from './store-kit.ts';

const RETRY_MS = 100;

const Order = Type.Object({
  dir: Type.String(),
  storeDir: Type.String(),
  workstation: Type.String(),
  logSeed: Type.String(),
  recipients: Type.Array(Type.Object({ role: Type.Union([Type.Literal('reader'), Type.Literal('escrow')]), publicKey: Type.String() })),
  acks: Type.String(),
  first: Type.Integer(),
  count: Type.Integer(),
  appenders: Type.Integer(),
  birth: Type.Union([Type.Literal('enrolment'), Type.Literal('existing')]),
  /** Opens an epoch after so many acknowledged events; 0 for never. */
  rotateEach: Type.Integer(),
  /** Goes on after a refused append, as the agent does, and says each new code once. */
  goesOn: Type.Boolean(),
  /** A file that takes the seed of each signer that is made, for who looks for them in memory; empty for none. */
  seeds: Type.String(),
  /** Stays when all is recorded, so that its memory can be looked at. */
  stays: Type.Boolean(),
});

const order = Value.Parse(Order, JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const vault = await openVault({
  dir: join(order.dir, 'keys'),
  service: 'wardlock-test',
  crypto: nodeCrypto,
  keychain: false,
  credentialsDirectory: undefined,
});
const acks = openSync(order.acks, 'a');
/** Written straight from where the seed lies: no copy of it comes from the test. */
const seeds = order.seeds === '' ? undefined : openSync(order.seeds, 'a');
const crypto: AuditCrypto = {
  ...nodeCrypto,
  signer: (seed) => {
    if (seeds !== undefined) writeSync(seeds, seed);
    return nodeCrypto.signer(seed);
  },
};
try {
  const store = await openStore({
    dir: order.storeDir,
    vault,
    crypto,
    workstation: hex(order.workstation),
    logSeed: hex(order.logSeed),
    recipients: order.recipients.map(({ role, publicKey }) => ({ role, publicKey: hex(publicKey) })),
    receiptKey: undefined,
    birth: order.birth,
    onProblem: (what, error) => process.stderr.write(`${what} ${error instanceof Error ? error.message : ''}\n`),
  });
  process.stdout.write(`opened ${store.position().size} ${store.findings.map((fault) => fault.code).join(' ')}\n`);
  let next = order.first;
  let acknowledged = 0;
  const said = new Set<string>();
  const appendOne = async (at: number): Promise<number | null> => {
    for (;;) {
      try {
        return (await store.append(lockEvent(at))).seq;
      } catch (error) {
        const code = isWardlockError(error) ? error.code : String(error);
        if (!order.goesOn) throw error;
        if (!said.has(code)) process.stdout.write(`refused ${code} ${store.status().recording}\n`);
        said.add(code);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  const append = async (): Promise<void> => {
    while (next < order.first + order.count) {
      const at = next;
      next += 1;
      const seq = await appendOne(at);
      writeSync(acks, `${at} ${seq}\n`);
      acknowledged += 1;
      if (order.rotateEach > 0 && acknowledged % order.rotateEach === 0) void store.newEpoch('wake');
    }
  };
  await Promise.all(Array.from({ length: order.appenders }, append));
  process.stdout.write('done\n');
  while (order.stays) await new Promise((resolve) => setTimeout(resolve, 1000));
  await store.close();
} catch (error) {
  process.stdout.write(`failed ${isWardlockError(error) ? error.code : String(error)}\n`);
  process.exitCode = 1;
} finally {
  closeSync(acks);
}
