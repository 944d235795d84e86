/**
 * Mutated inputs for the codecs and the verifier, from a fixed seed. Holds that each ends in a value, a coded error or a
 * fault by name: never a crash, and never a pass of a log that was changed. Test helper only.
 */

import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { parseHeader } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { parseLine } from '../../core/audit/export/lines.ts';
import { verifyExport } from '../../core/audit/export/verify-export.ts';
import { parseVerifierKey } from '../../core/audit/note.ts';
import { formatTlogProof, parseAddCheckpoint, parseTlogProof } from '../../core/audit/proofs.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { generator } from './generator.ts';
import { memoryLog, sourceOf } from './memory-log.ts';

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

/** Runs so many mutated inputs through every parser; answers how many were refused with a code. */
export function fuzzCodecs(seed: number, count: number): number {
  const random = generator(seed);
  const log = memoryLog({ epochs: [2] });
  const proof = formatTlogProof({ index: 0, hashes: [nodeCrypto.random(32)], checkpoint: log.head });
  const line = JSON.stringify({ kind: 'entry', seq: 1, entry: 'AAAA', event: null });
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const targets: readonly (readonly [Uint8Array, (input: Uint8Array) => unknown])[] = [
    [log.entries.get(1) ?? new Uint8Array(0), parseHeader],
    [(log.entries.get(0) ?? new Uint8Array(0)).subarray(84), parseEpochBody],
    [new TextEncoder().encode(log.head), parseCheckpoint],
    [new TextEncoder().encode(proof), (input) => parseTlogProof(text(input))],
    [new TextEncoder().encode(`old 1\n\n${log.head}`), (input) => parseAddCheckpoint(text(input))],
    [new TextEncoder().encode(line), (input) => parseLine(text(input))],
    [new TextEncoder().encode('a+00000000+AAAA'), (input) => parseVerifierKey(nodeCrypto, text(input))],
    [new TextEncoder().encode(`${line}\n`), (input) => [...verifyExport(nodeCrypto, text(input).split('\n'), { keys: [] })]],
  ];
  let refused = 0;
  for (let at = 0; at < count; at += 1) {
    const [sample, parse] = targets[at % targets.length] ?? [new Uint8Array(0), () => undefined];
    const input = mutated(sample, random);
    try {
      parse(input);
    } catch (error) {
      if (!isWardlockError(error)) throw new Error(`input ${at} of seed ${seed} ended in an uncoded error`, { cause: error });
      refused += 1;
    }
  }
  return refused;
}

/** Verifies so many logs of which one entry or note was mutated; throws when a changed log passes. */
export function fuzzVerifier(seed: number, count: number): void {
  const random = generator(seed);
  const log = memoryLog({ epochs: [3, 3] });
  const places = [...log.entries.keys()];
  for (let round = 0; round < count; round += 1) {
    const entries = new Map(log.entries);
    let head = log.head;
    const kept = log.kept.map((checkpoint) => checkpoint.note);
    const which = random(places.length + kept.length + 1);
    let changed = true;
    if (which < places.length) {
      const before = entries.get(which) ?? new Uint8Array(0);
      const after = mutated(before, random);
      changed = Buffer.compare(before, after) !== 0;
      entries.set(which, after);
    } else {
      const note = which - places.length < kept.length ? (kept[which - places.length] ?? '') : head;
      const after = new TextDecoder().decode(mutated(new TextEncoder().encode(note), random));
      changed = after !== note;
      if (which - places.length < kept.length) kept[which - places.length] = after;
      else head = after;
    }
    const source = sourceOf(log, {
      entries: () => [...entries].map(([seq, bytes]) => ({ seq, bytes })),
      checkpoints: () => kept,
      head,
    });
    const faults = [...verifyLog(nodeCrypto, source, { logKey: log.logKey })];
    if (
      changed &&
      faults.length === 0 &&
      !onlyPassedOver(
        log.kept.map(({ note }) => note),
        log.head,
        kept,
        head,
      )
    ) {
      throw new Error(`round ${round} of seed ${seed}: a changed log passed`);
    }
  }
}

/** C2SP: signature lines of unknown keys are passed over, so a change there alone changes nothing that is proven. */
function onlyPassedOver(keptBefore: readonly string[], headBefore: string, kept: readonly string[], head: string): boolean {
  const same = (before: string, after: string): boolean => {
    if (before === after) return true;
    try {
      const [a, b] = [parseCheckpoint(before), parseCheckpoint(after)];
      return (
        a.note.text === b.note.text &&
        a.note.signatures.every((line) => b.note.signatures.some((other) => JSON.stringify(other) === JSON.stringify(line)))
      );
    } catch {
      return false;
    }
  };
  return same(headBefore, head) && keptBefore.every((note, at) => same(note, kept[at] ?? ''));
}
