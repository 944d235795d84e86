/**
 * The single slot outside SQLite that holds the signing seed of the present epoch, and of the next while it is being
 * certified. Owns the order save new, certify, destroy old. The wrapping key changes with each epoch, so that an old copy
 * of the file on flash opens with nothing that is left.
 */
import { concat, equalBytes, putU64, readU64 } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { INCARNATION_BYTES } from '../../core/audit/entry.ts';
import { readSecretFile, replaceSecretFile } from './durable-file.ts';
import { secretBox } from './secret-box.ts';
import { type KeyVault, VAULT_KEY_BYTES } from './vault.ts';

export interface EpochSeed {
  readonly epoch: number;
  readonly seed: Uint8Array;
}

export interface EpochKeyFile {
  /** The seeds that are there for this incarnation; empty when the file, its key or its incarnation is not. */
  load(incarnation: Uint8Array): Promise<readonly EpochSeed[]>;
  /** Durable when it resolves: the present epoch's seed (if any) and the next one's, under a fresh wrapping key. */
  saveNext(incarnation: Uint8Array, present: EpochSeed | undefined, next: EpochSeed): Promise<void>;
  /** After certification: the old seed leaves the file, and the wrapping key before is destroyed. */
  keepOnly(incarnation: Uint8Array, present: EpochSeed): Promise<void>;
}

const SLOTS = ['epoch-a', 'epoch-b'] as const;
type Slot = (typeof SLOTS)[number];
const SEED_BYTES = 32;
const RECORD_BYTES = 8 + SEED_BYTES;
const CONTEXT = 'epoch signing key';

export function epochKeyFile(path: string, vault: KeyVault, crypto: AuditCrypto): EpochKeyFile {
  /** Slot byte, then the box: the slot names the wrapping key. */
  const write = async (slot: Slot, incarnation: Uint8Array, seeds: readonly EpochSeed[], key: Uint8Array): Promise<void> => {
    const plain = encode(incarnation, seeds);
    const box = secretBox(crypto, key).seal(plain, CONTEXT);
    plain.fill(0);
    await replaceSecretFile(path, concat(Uint8Array.of(SLOTS.indexOf(slot)), box));
  };
  /** One at a time: each reads which slot is in use before it writes the other. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const slotInUse = (): Slot | undefined => SLOTS[readSecretFile(path)?.[0] ?? SLOTS.length];
  return {
    load: (incarnation) =>
      inTurn(async () => {
        const file = readSecretFile(path);
        const slot = SLOTS[file?.[0] ?? SLOTS.length];
        const key = slot === undefined ? undefined : await vault.read(slot);
        if (file === undefined || key === undefined) return [];
        const plain = secretBox(crypto, key).open(file.subarray(1), CONTEXT);
        key.fill(0);
        return plain === undefined ? [] : decode(plain, incarnation);
      }),
    saveNext: (incarnation, present, next) =>
      inTurn(async () => {
        const slot = slotInUse() === 'epoch-a' ? 'epoch-b' : 'epoch-a';
        const key = crypto.random(VAULT_KEY_BYTES);
        await vault.write(slot, key);
        await write(slot, incarnation, present === undefined ? [next] : [present, next], key);
        key.fill(0);
      }),
    keepOnly: (incarnation, present) =>
      inTurn(async () => {
        const slot = slotInUse();
        const key = slot === undefined ? undefined : await vault.read(slot);
        if (slot === undefined || key === undefined) return;
        await write(slot, incarnation, [present], key);
        key.fill(0);
        await vault.remove(slot === 'epoch-a' ? 'epoch-b' : 'epoch-a');
      }),
  };
}

function encode(incarnation: Uint8Array, seeds: readonly EpochSeed[]): Uint8Array {
  const records = seeds.map(({ epoch, seed }) => {
    const record = new Uint8Array(RECORD_BYTES);
    putU64(record, 0, epoch);
    record.set(seed, 8);
    return record;
  });
  return concat(incarnation, ...records);
}

function decode(plain: Uint8Array, incarnation: Uint8Array): readonly EpochSeed[] {
  if (!equalBytes(plain.subarray(0, INCARNATION_BYTES), incarnation)) return [];
  const seeds: EpochSeed[] = [];
  for (let at = INCARNATION_BYTES; at + RECORD_BYTES <= plain.length; at += RECORD_BYTES) {
    const epoch = readU64(new DataView(plain.buffer, plain.byteOffset), at);
    if (epoch !== undefined) seeds.push({ epoch, seed: plain.slice(at + 8, at + RECORD_BYTES) });
  }
  return seeds;
}
