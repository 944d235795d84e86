/**
 * What an export says of the log of logs: that a checkpoint of this very log, which the witness cosigned, has its place there.
 * Owns that check alone; it proves that the log was shown to others, and not that it is whole.
 */
import { fromBase64 } from '../bytes.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import type { TreeHasher } from '../hasher.ts';
import { verifyConsistency, verifyInclusion } from '../merkle.ts';
import { type NoteVerifier, verifyNote } from '../note.ts';
import { parseTlogProof } from '../proofs.ts';
import type { ExportLineOf } from './lines.ts';

/** The size of the checkpoint that is in the log of logs; `waiting`: the exporter says that none is yet; `unchecked`: no key of it was given. */
export type Publication = number | 'waiting' | 'unchecked';

/** `undefined` where the proof does not hold under the key given, or cannot be read. */
export function checkPublished(
  hasher: TreeHasher,
  { place }: ExportLineOf<'published'>,
  section: SignedCheckpoint,
  keys: readonly NoteVerifier[],
): Publication | undefined {
  if (place === null) return 'waiting';
  try {
    const { index, hashes, signed } = parseTlogProof(place.proof);
    const logKeys = keys.filter(({ name }) => name === signed.checkpoint.origin);
    if (logKeys.length === 0) return 'unchecked';
    const entry = fromBase64(place.entry) ?? new Uint8Array(0);
    const { origin, size, root } = parseCheckpoint(entry).checkpoint;
    const { checkpoint: ours } = section;
    const consistency = place.consistency.map((hash) => fromBase64(hash) ?? new Uint8Array(0));
    const holds =
      logKeys.some((key) => verifyNote(signed.note, key)) &&
      verifyInclusion(hasher, { leafHash: hasher.leaf(entry), index, ...signed.checkpoint }, hashes) &&
      origin === ours.origin &&
      verifyConsistency(hasher, { oldSize: size, oldRoot: root, size: ours.size, root: ours.root }, consistency);
    return holds ? size : undefined;
  } catch {
    return undefined;
  }
}
