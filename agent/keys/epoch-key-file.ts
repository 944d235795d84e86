/**
 * The two slots outside SQLite that hold signing seeds: the present epoch's in one, the next one's in the other while it is being
 * certified. Owns the order save new, certify, destroy old. Each seed lies alone in a file of its own under a wrapping key of its
 * own, so that an old copy of a file on flash opens with nothing that is left.
 */
import { concat, equalBytes, putU64, readU64, toHex } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { INCARNATION_BYTES } from '../../core/audit/entry.ts';
import { readSecretFile, removeFile, replaceSecretFile } from './durable-file.ts';
import { secretBox } from './secret-box.ts';
import { type KeyVault, VAULT_KEY_BYTES } from './vault.ts';

export interface EpochSeed {
  readonly epoch: number;
  /** Whoever gets it wipes it: a signer keeps a copy of its own. */
  readonly seed: Uint8Array;
}

export interface EpochKeyFile {
  /** The seeds that are there for this incarnation, by epoch; empty when the files, their keys or their incarnation are not. */
  load(incarnation: Uint8Array): Promise<readonly EpochSeed[]>;
  /** Durable when it resolves: the next epoch's seed, beside that of the present epoch, if any. */
  saveNext(incarnation: Uint8Array, present: number | undefined, next: EpochSeed): Promise<void>;
  /** After certification: the wrapping key of any other seed is destroyed, and its file goes. */
  keepOnly(incarnation: Uint8Array, present: number): Promise<void>;
}

/** Each is the name of a wrapping key in the vault and the end of a file's name. */
const SLOTS = ['epoch-a', 'epoch-b'] as const;
type Slot = (typeof SLOTS)[number];
/** Incarnation and epoch in clear, then the box. */
const NAMED_BYTES = INCARNATION_BYTES + 8;

/** What a slot's file says that it holds. */
interface Stored {
  readonly slot: Slot;
  readonly incarnation: Uint8Array;
  /** `undefined` in a file that no seat wrote. */
  readonly epoch: number | undefined;
  readonly box: Uint8Array;
}

/** @param path the beginning of the files' names */
export function epochKeyFile(path: string, vault: KeyVault, crypto: AuditCrypto): EpochKeyFile {
  const inTurn = oneAtATime();
  const pathOf = (slot: Slot): string => path + slot.slice(slot.lastIndexOf('-'));
  const stored = (): readonly Stored[] =>
    SLOTS.map((slot) => decode(slot, readSecretFile(pathOf(slot)))).filter((file) => file !== undefined);
  const open = async ({ slot, incarnation, epoch, box }: Stored): Promise<EpochSeed | undefined> => {
    const key = epoch === undefined ? undefined : await vault.read(slot);
    if (epoch === undefined || key === undefined) return undefined;
    const wrapping = secretBox(crypto, key);
    key.fill(0);
    const seed = wrapping.open(box, contextOf(incarnation, epoch));
    return seed === undefined ? undefined : { epoch, seed };
  };
  /** The key first: without it what is left of the file opens nothing. */
  const destroy = async (slot: Slot): Promise<void> => {
    await vault.remove(slot);
    removeFile(pathOf(slot));
  };
  return {
    load: (incarnation) =>
      inTurn(async () => {
        const seeds: EpochSeed[] = [];
        for (const file of stored().filter((candidate) => equalBytes(candidate.incarnation, incarnation))) {
          const seed = await open(file);
          if (seed !== undefined) seeds.push(seed);
        }
        return seeds.sort((a, b) => a.epoch - b.epoch);
      }),
    saveNext: (incarnation, present, { epoch, seed }) =>
      inTurn(async () => {
        const files = stored();
        const kept = files.find((file) => isOf(file, incarnation, present))?.slot;
        const [slot = SLOTS[0]] = SLOTS.filter((candidate) => candidate !== kept);
        // One that was saved ahead and never certified, or whose destruction a crash cut short.
        if (files.some((file) => file.slot === slot)) await destroy(slot);
        const key = crypto.random(VAULT_KEY_BYTES);
        await vault.write(slot, key);
        const wrapping = secretBox(crypto, key);
        key.fill(0);
        await replaceSecretFile(pathOf(slot), encode(incarnation, epoch, wrapping.seal(seed, contextOf(incarnation, epoch))));
      }),
    keepOnly: (incarnation, present) =>
      inTurn(async () => {
        const files = stored();
        // Where the present seed is not, nothing else is destroyed either.
        if (!files.some((file) => isOf(file, incarnation, present))) return;
        for (const file of files) if (!isOf(file, incarnation, present)) await destroy(file.slot);
      }),
  };
}

function isOf(file: Stored, incarnation: Uint8Array, epoch: number | undefined): boolean {
  return epoch !== undefined && file.epoch === epoch && equalBytes(file.incarnation, incarnation);
}

/** A seed opens as that of its incarnation and epoch alone. */
function contextOf(incarnation: Uint8Array, epoch: number): string {
  return `epoch signing key ${toHex(incarnation)} ${epoch}`;
}

function encode(incarnation: Uint8Array, epoch: number, box: Uint8Array): Uint8Array {
  const number = new Uint8Array(8);
  putU64(number, 0, epoch);
  return concat(incarnation, number, box);
}

/** `undefined` where there is no file. */
function decode(slot: Slot, file: Uint8Array | undefined): Stored | undefined {
  if (file === undefined) return undefined;
  const isWhole = file.length > NAMED_BYTES;
  const epoch = isWhole ? readU64(new DataView(file.buffer, file.byteOffset), INCARNATION_BYTES) : undefined;
  return { slot, incarnation: file.subarray(0, INCARNATION_BYTES), epoch, box: file.subarray(NAMED_BYTES) };
}

/** Each call reads which slot is in use before it writes the other. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
