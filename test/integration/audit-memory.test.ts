/** Fault 32: the memory of a running agent is there twice, as after a restored snapshot of a virtual machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStoreFolder } from '../../agent/store/evidence.ts';
import type { AuditEvent } from '../../contract/events.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { entryBody, parseHeader } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { diskImage } from '../audit/disk-image.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

const Side = Type.Object({ side: Type.String(), kernel: Type.String(), nonces: Type.Array(Type.String()) });
const NEEDS_LINUX = 'needs Linux, to double a running process';

test('fault 32: a process doubled while it records: the kernel tells both sides apart, and no nonce is used twice', (context) => {
  context.skip(process.platform !== 'linux', NEEDS_LINUX);
  const target = join(seat.dir, 'sides');
  const program = join(import.meta.dirname, '..', 'audit', 'forked-memory-program.ts');
  const run = spawnSync(process.execPath, ['--single-threaded', program, target], { encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  const sides = readFileSync(target, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Value.Parse(Side, JSON.parse(line)));
  expect(sides.map(({ side }) => side).sort()).toEqual(['copy', 'original']);
  expect(new Set(sides.map(({ kernel }) => kernel)).size).toBe(2);
  expect(new Set(sides.flatMap(({ nonces }) => nonces)).size).toBe(4);
});

/** Random bytes that are the same in each life, as if the kernel had been restored with the memory. */
function replayed(): AuditCrypto {
  let calls = 0;
  return {
    ...nodeCrypto,
    random: (length) => {
      calls += 1;
      const parts = Array.from({ length: Math.ceil(length / 32) }, (_, at) => nodeCrypto.sha256(Buffer.from(`${calls} ${at}`)));
      return new Uint8Array(Buffer.concat(parts).subarray(0, length));
    },
  };
}

interface Life {
  readonly commitment: string;
  readonly entries: readonly { readonly seq: number; readonly nonce: string }[];
}

/** Opens the store with the replayed kernel, records, and answers what lies on the disk of the last epoch. */
async function live(events: readonly AuditEvent[]): Promise<Life> {
  const clock = { wallMicros: () => 1_760_000_000_000_000, bootMicros: () => 1_000_000, bootId: () => 'boot' };
  const store = await seat.open({ crypto: replayed(), clock, birth: 'existing' });
  for (const event of events) await store.append(event);
  await store.close();
  const evidence = openStoreFolder(seat.storeDir, nodeCrypto);
  try {
    let life: Life = { commitment: '', entries: [] };
    for (const { seq, bytes } of evidence.sources[0]?.entries() ?? []) {
      const { kind, nonce } = parseHeader(bytes);
      if (kind === 2) life = { commitment: Buffer.from(parseEpochBody(entryBody(bytes)).commitment).toString('hex'), entries: [] };
      else life = { ...life, entries: [...life.entries, { seq, nonce: Buffer.from(nonce).toString('hex') }] };
    }
    return life;
  } finally {
    evidence.close();
  }
}

test('fault 32: even a kernel that repeats its bytes makes no (key, nonce) pair twice', async () => {
  const first = await seat.open();
  await first.append(lockEvent(1));
  await first.close();
  const snapshot = diskImage(seat);
  const one = await live([lockEvent(2), lockEvent(3), lockEvent(4)]);
  snapshot.restore();
  const two = await live([lockEvent(2), lockEvent(30), lockEvent(40)]);
  // It is the same key, at the same places: the worst case there is.
  expect(two.commitment).toBe(one.commitment);
  expect(two.entries.map(({ seq }) => seq)).toEqual(one.entries.map(({ seq }) => seq));
  expect(one.entries.length).toBe(4);
  // Not even for the same words at the same place: the first and the last event are the same in both lives, their history is not.
  expect(new Set([...one.entries, ...two.entries].map(({ nonce }) => nonce)).size).toBe(8);
});
