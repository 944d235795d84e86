/**
 * Mutated inputs for the codecs and the verifier, from a fixed seed. Holds that each ends in a value, a coded error or a
 * fault by name: never a crash, and never a pass of a log that was changed. Test helper only.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anchorRecord } from '../../agent/store/anchor.ts';
import { EmergencyLog } from '../../agent/store/emergency.ts';
import { readEmergency } from '../../agent/store/emergency-file.ts';
import { toHex } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign, withSignature } from '../../core/audit/cosignature.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { pad, parseHeader } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { parseLine } from '../../core/audit/export/lines.ts';
import { verifyExport } from '../../core/audit/export/verify-export.ts';
import { formatVerifierKey, NOTE_COSIGNATURE, type NoteVerifier, noteVerifier, parseVerifierKey } from '../../core/audit/note.ts';
import { formatTlogProof, parseAddCheckpoint, parseTlogProof } from '../../core/audit/proofs.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { progress } from '../support/progress.ts';
import { generator } from './generator.ts';
import { honestExport } from './honest-export.ts';
import { type MemoryLog, memoryLog, sourceOf } from './memory-log.ts';
import { seededCrypto } from './seeded-crypto.ts';

type Random = (below: number) => number;

/** Flips, cuts, repeats or overwrites a part. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random(Math.max(1, copy.length));
  switch (random(5)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(random(at + 1))]);
    case 2:
      return copy.fill(random(256), at, at + 1 + random(8));
    default:
      copy[at] = Number(copy[at]) ^ (1 << random(8));
      return copy;
  }
}

/** How many of the inputs were refused with a code, and how many ended in faults by name. */
export interface Fuzzed {
  readonly refused: number;
  readonly faulted: number;
}

/** Runs so many inputs, mutated once or twice, through every parser. */
export async function fuzzCodecs(seed: number, count: number): Promise<Fuzzed> {
  const random = generator(seed);
  const crypto = seededCrypto(seed);
  const log = memoryLog({ epochs: [2], crypto });
  const mirror = { name: 'wardlock/server/test', signer: crypto.signer(crypto.random(32)) };
  const mirrorKey = noteVerifier(crypto, { name: mirror.name, type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });
  const exported = honestExport(log, { start: 0, end: 3 }, mirror).map((one) => JSON.stringify(one));
  const keys = [log.logKey, mirrorKey];
  const honest = shownBy(exported, keys);
  if (honest.faults > 0) throw new Error('the export is not sound before it is mutated');
  const proof = formatTlogProof({ index: 0, hashes: [crypto.random(32)], checkpoint: log.head });
  const line = JSON.stringify({ kind: 'entry', seq: 1, entry: 'AAAA', event: null });
  const anchor = JSON.stringify({ incarnation: toHex(log.log.incarnation), head: log.head, receipt: null });
  const emergency = emergencyFile(crypto, log);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const targets: readonly (readonly [Uint8Array, (input: Uint8Array) => unknown])[] = [
    [log.entries.get(1) ?? new Uint8Array(0), parseHeader],
    [(log.entries.get(0) ?? new Uint8Array(0)).subarray(84), parseEpochBody],
    [new TextEncoder().encode(log.head), parseCheckpoint],
    [new TextEncoder().encode(proof), (input) => parseTlogProof(text(input))],
    [new TextEncoder().encode(`old 1\n\n${log.head}`), (input) => parseAddCheckpoint(text(input))],
    [new TextEncoder().encode(line), (input) => parseLine(text(input))],
    [new TextEncoder().encode(formatVerifierKey(crypto, log.logKey)), (input) => parseVerifierKey(nodeCrypto, text(input))],
    [new TextEncoder().encode(exported.join('\n')), (input) => Array(judged(text(input), keys, honest.shows))],
    [new TextEncoder().encode(anchor), (input) => readRecord(text(input))],
    [emergency, (input) => readEmergency(input, nodeCrypto).damage],
  ];
  const say = progress('inputs parsed', count);
  let refused = 0;
  let faulted = 0;
  for (let at = 0; at < count; at += 1) {
    const [sample, parse] = targets[at % targets.length] ?? [new Uint8Array(0), () => undefined];
    const once = mutated(sample, random);
    const input = random(4) === 0 ? mutated(once, random) : once;
    try {
      const result = parse(input);
      if (Array.isArray(result) && result.length > 0) faulted += 1;
    } catch (error) {
      if (!isWardlockError(error)) throw new Error(`input ${at} of seed ${seed} ended in an uncoded error`, { cause: error });
      refused += 1;
    }
    await say(at + 1);
  }
  return { refused, faulted };
}

/** What an export shows: each event at its place, and what it says to cover. */
function shownBy(lines: readonly string[], keys: readonly NoteVerifier[]): { readonly faults: number; readonly shows: string } {
  const events: [number, string][] = [];
  const run = verifyExport(nodeCrypto, lines, { keys, onEvent: (seq, event) => void events.push([seq, event]) });
  let faults = 0;
  let step = run.next();
  for (; step.done !== true; step = run.next()) faults += 1;
  return { faults, shows: JSON.stringify([events, step.value.sections]) };
}

/** How many faults; without one it must show what the honest export shows, no event more, less or other. */
function judged(text: string, keys: readonly NoteVerifier[], honest: string): number {
  const { faults, shows } = shownBy(text.split('\n'), keys);
  if (faults === 0 && shows !== honest) throw new Error(`a changed export passed and shows ${shows} in the place of ${honest}`);
  return faults;
}

/** JSON that is none is the reader's to pass over, as the store does. */
function readRecord(text: string): unknown {
  try {
    return anchorRecord(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A file of the emergency log with one record, as the log writes it. */
function emergencyFile(crypto: AuditCrypto, log: MemoryLog): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'wardlock-fuzz-'));
  try {
    const path = join(folder, 'emergency.log');
    const time = { boot: 1, wallMicros: 1, bootMicros: 1 };
    const emergency = EmergencyLog.open(path, { crypto, workstation: log.log.workstation, logSigner: log.logSigner, now: () => time });
    const recipients = [log.readerKey, log.escrowKey].map((key, at) => ({
      role: at === 0 ? ('reader' as const) : ('escrow' as const),
      publicKey: crypto.hpkePublicKey(key),
    }));
    emergency.append(pad(new TextEncoder().encode('{}')), recipients, {
      incarnation: log.log.incarnation,
      size: 1,
      root: crypto.random(32),
    });
    const content = emergency.content();
    emergency.close();
    return content;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const MIRROR = 'wardlock/server/mirror';
const WITNESS = 'wardlock/server/witness';

/** The notes that speak for a log, each of which a mutation may hit. */
interface Notes {
  readonly kept: readonly string[];
  readonly head: string;
  readonly receipt: string;
  readonly anchor: string;
  readonly witnessed: string;
}

/** Verifies so many logs of which one entry or note was mutated; throws when a changed log passes. */
export async function fuzzVerifier(seed: number, count: number): Promise<void> {
  const random = generator(seed);
  const crypto = seededCrypto(seed);
  const log = memoryLog({ epochs: [3, 3], crypto });
  const cosigner = (name: string) => ({ name, signer: crypto.signer(crypto.random(32)) });
  const [mirror, witness] = [cosigner(MIRROR), cosigner(WITNESS)];
  const by = (key: typeof mirror): string => {
    const { note } = parseCheckpoint(log.head);
    return withSignature(note, cosign(crypto, note.text, key, 1_700_000_000));
  };
  const receiptKeys = [mirror, witness].map(({ name, signer }) =>
    noteVerifier(crypto, { name, type: NOTE_COSIGNATURE, publicKey: signer.publicKey }),
  );
  const honest: Notes = {
    kept: log.kept.map(({ note }) => note),
    head: log.head,
    receipt: by(mirror),
    anchor: log.head,
    witnessed: by(witness),
  };
  const verified = (entries: ReadonlyMap<number, Uint8Array>, notes: Notes) => {
    const source = sourceOf(log, {
      entries: () => [...entries].map(([seq, bytes]) => ({ seq, bytes })),
      checkpoints: () => notes.kept,
      head: notes.head,
      receipts: [notes.receipt],
      anchor: notes.anchor,
      witnessed: notes.witnessed,
    });
    const run = verifyLog(nodeCrypto, source, { logKey: log.logKey, receiptKeys });
    let faults = 0;
    let step = run.next();
    for (; step.done !== true; step = run.next()) faults += 1;
    return { faults, summary: step.value };
  };
  const sound = verified(log.entries, honest);
  if (sound.faults > 0 || sound.summary.witnessed === 0) throw new Error('the log is not sound before it is mutated');
  const names = ['head', 'receipt', 'anchor', 'witnessed'] as const;
  const say = progress('logs verified', count);
  for (let round = 0; round < count; round += 1) {
    const which = random(log.entries.size + honest.kept.length + names.length);
    const entries = new Map(log.entries);
    let notes = honest;
    let isChanged = false;
    if (which < entries.size) {
      const before = entries.get(which) ?? new Uint8Array(0);
      const after = mutated(before, random);
      isChanged = Buffer.compare(before, after) !== 0;
      entries.set(which, after);
    } else {
      const place = which - log.entries.size;
      const name = names[place - honest.kept.length];
      const touched = (note: string): string => new TextDecoder().decode(mutated(new TextEncoder().encode(note), random));
      notes =
        name === undefined
          ? { ...honest, kept: honest.kept.map((note, at) => (at === place ? touched(note) : note)) }
          : { ...honest, [name]: touched(honest[name]) };
    }
    const { faults, summary } = verified(entries, notes);
    // What a witness said and cannot be read any more is not believed; without it the log is still whole.
    const isUnwitnessed = notes.witnessed !== honest.witnessed && summary.witnessed === 0;
    if (faults === 0 && (isChanged || !(isUnwitnessed || onlyPassedOver(honest, notes))))
      throw new Error(`round ${round} of seed ${seed}: a changed log passed`);
    await say(round + 1);
  }
}

/**
 * C2SP: signature lines of unknown keys are passed over, so a change there alone changes nothing that is proven. What a receipt and a
 * witness say is theirs alone; an anchor says what it says where a proven root fits, whoever signed it.
 */
function onlyPassedOver(before: Notes, after: Notes): boolean {
  const each = (): boolean => true;
  const of =
    (name: string) =>
    (line: { readonly name: string }): boolean =>
      line.name === name;
  return (
    before.kept.every((note, at) => isSame(note, after.kept[at] ?? '', each)) &&
    isSame(before.head, after.head, each) &&
    isSame(before.receipt, after.receipt, of(MIRROR)) &&
    isSame(before.witnessed, after.witnessed, of(WITNESS)) &&
    isSame(before.anchor, after.anchor, () => false)
  );
}

/** The same text, and each signature that counts still there. */
function isSame(before: string, after: string, counts: (line: { readonly name: string }) => boolean): boolean {
  if (before === after) return true;
  try {
    const [a, b] = [parseCheckpoint(before), parseCheckpoint(after)];
    return (
      a.note.text === b.note.text &&
      a.note.signatures.filter(counts).every((line) => b.note.signatures.some((other) => JSON.stringify(other) === JSON.stringify(line)))
    );
  } catch {
    return false;
  }
}
