/**
 * The witness: `add-checkpoint` of C2SP tlog-witness for the logs of enrolled seats. It checks and persists in one atomic
 * step and answers after that; it never cosigns two histories of one log.
 */
import type { Kysely } from 'kysely';
import {
  type AuditCrypto,
  CompactRange,
  cosign,
  cosignatureReply,
  equalBytes,
  type NamedSigner,
  type NoteVerifier,
  parseAddCheckpoint,
  type TreeHasher,
  verifyConsistency,
  verifyNoteAside,
} from '../../core/audit/index.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { emptyLog } from '../../core/intake/batch.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import { isAhead } from './clocks.ts';
import { enqueue } from './log-of-logs/store.ts';
import { type LogName, pin, readLeafHashes, readLog } from './logs.ts';
import { beginLog, tellingOfTooMany } from './new-logs.ts';

/** The answers that tlog-witness names, by status. */
export type WitnessAnswer =
  | { readonly status: 200; readonly cosignature: string }
  | { readonly status: 400 | 403 | 404 | 422; readonly says: string }
  | { readonly status: 409; readonly size: number };

/** An `add-checkpoint` request as it came. */
export interface Shown {
  readonly body: string;
  /** Milliseconds since 1970, before it waited for anything. */
  readonly arrivedAt: number;
}

export interface Witness {
  /** @throws WardlockError INTAKE_TOO_MANY_LOGS */
  addCheckpoint(seat: { readonly workstationId: string; readonly logKey: string }, shown: Shown): Promise<WitnessAnswer>;
}

interface WitnessParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
  readonly signer: NamedSigner;
  readonly logKeyOf: (vkey: string) => NoteVerifier;
  readonly now: () => number;
}

/** More than any tree needs; tlog-witness forbids clients to send more. */
const MOST_PROOF_LINES = 63;
/** Looks at a log that other requests move at the same time. */
const MOST_ATTEMPTS = 4;
const LEAVES_AT_ONCE = 8192;
const ORIGIN = /^wardlock\/seat\/([0-9a-f]{32})\/([0-9a-f]{16})$/;

export function openWitness(parts: WitnessParts): Witness {
  return {
    addCheckpoint: async (seat, { body, arrivedAt }) => {
      const request = read(body);
      if (request === null || request.hashes.length > MOST_PROOF_LINES)
        return { status: 400, says: 'The body is not an add-checkpoint request.' };
      const [, workstationId, incarnation] = ORIGIN.exec(request.signed.checkpoint.origin) ?? [];
      if (workstationId !== seat.workstationId || incarnation === undefined) return { status: 404, says: 'This log is none of this seat.' };
      if (!(await verifyNoteAside(request.signed.note, parts.logKeyOf(seat.logKey)))) {
        return { status: 403, says: 'The checkpoint is not signed by the log key of this seat.' };
      }
      if (request.oldSize > request.signed.checkpoint.size) return { status: 400, says: 'The old size is larger than the new one.' };
      const name = { workstationId, incarnation };
      return tellingOfTooMany(parts, name, () => judge(parts, name, { ...request, arrivedAt }));
    },
  };
}

type Parsed = ReturnType<typeof parseAddCheckpoint>;
type Request = Parsed & Pick<Shown, 'arrivedAt'>;

function read(body: string): Parsed | null {
  try {
    return parseAddCheckpoint(body);
  } catch (error) {
    if (isWardlockError(error)) return null;
    throw error;
  }
}

/** Entries of the same seat that come in meanwhile make it look again. */
async function judge(parts: WitnessParts, name: LogName, request: Request): Promise<WitnessAnswer> {
  const { db, hasher } = parts;
  const { size } = request.signed.checkpoint;
  let known: Uint8Array | null = null;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const answer = await settle(parts, name, { ...request, known });
    if (answer === 'stored-beyond') known ??= await rootOfStored(db, hasher, { ...name, size });
    else if (answer !== 'moved') return answer;
  }
  return { status: 409, size: (await readLog(db, name))?.pinned.size ?? 0 };
}

/** The root of the first `size` entries that are stored: they never change, so this needs no transaction. */
async function rootOfStored(
  db: Kysely<Tables>,
  hasher: TreeHasher,
  { size, ...name }: LogName & { readonly size: number },
): Promise<Uint8Array> {
  const range = CompactRange.empty(hasher);
  while (range.end < size) {
    const hashes = await readLeafHashes(db, name, { from: range.end, to: Math.min(range.end + LEAVES_AT_ONCE, size) });
    if (hashes.length === 0) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A stored log lacks hashes of its entries.');
    for (const hash of hashes) range.append(hash);
  }
  return range.root();
}

interface Judged extends Request {
  /** The root of as many stored entries; null where that was not looked at. */
  readonly known: Uint8Array | null;
}

type Settled = WitnessAnswer | 'stored-beyond' | 'moved';

function settle(
  parts: WitnessParts,
  name: LogName,
  { oldSize, hashes, checkpoint: note, signed, known, arrivedAt }: Judged,
): Promise<Settled> {
  const { db, hasher, crypto, signer, now } = parts;
  const { size, root } = signed.checkpoint;
  return db.transaction().execute(async (transaction): Promise<Settled> => {
    const log = await readLog(transaction, name);
    if (log === null) await beginLog(transaction, name, now());
    const pinned = log?.pinned ?? { size: 0, root: hasher.emptyRoot, at: 0 };
    // What came before the seat showed more was only handled late, by a node that waited for the database: no store went back. A clock
    // that was set back since then cannot tell, and nothing is excused by it.
    if (size < pinned.size && (arrivedAt >= pinned.at || isAhead(pinned.at, now())))
      await alarm(
        transaction,
        name,
        `The seat shows ${size} entries of log ${name.incarnation}, of which ${pinned.size} are anchored: its store went back in time.`,
        now(),
      );
    if (oldSize !== pinned.size) return { status: 409, size: pinned.size };
    if (size === oldSize && size > 0 && !equalBytes(root, pinned.root)) {
      await alarm(
        transaction,
        name,
        `The seat shows another history of the first ${size} entries of log ${name.incarnation} than it anchored.`,
        now(),
      );
      return { status: 409, size: pinned.size };
    }
    const oldRoot = oldSize === 0 ? hasher.emptyRoot : pinned.root;
    const grows =
      oldSize === 0 || oldSize === size ? hashes.length === 0 : verifyConsistency(hasher, { oldSize, oldRoot, size, root }, hashes);
    if (!grows) return { status: 422, says: 'The consistency proof does not lead from the anchored checkpoint to this one.' };
    if (size === 0 && !equalBytes(root, hasher.emptyRoot)) return { status: 422, says: 'An empty log has another root.' };
    const { state } = log ?? { state: emptyLog };
    if (size > 0 && size < state.size && known === null) return 'stored-beyond';
    const stored = size === state.size && size > 0 ? CompactRange.frontier(hasher, size, state.frontier).root() : known;
    if (stored !== null && !equalBytes(root, stored)) {
      await alarm(
        transaction,
        name,
        `The seat shows another history of the first ${size} entries of log ${name.incarnation} than it sent.`,
        now(),
      );
      return { status: 422, says: 'The entries that are stored here have another root.' };
    }
    const at = now();
    const pinnedNow = await pin(transaction, name, { from: oldSize, stored: state.size, size, root, note, at });
    if (!pinnedNow) return 'moved';
    const cosignature = cosignatureReply([cosign(crypto, signed.note.text, signer, Math.floor(at / 1000))]);
    // An idle seat shows the same checkpoint again and again: it is in the log of logs already. There is one text of a note.
    if (size > oldSize) await enqueue(transaction, { ...name, size, entry: Buffer.from(`${note}${cosignature}`), at });
    return { status: 200, cosignature };
  });
}

async function alarm(db: Kysely<Tables>, { workstationId }: LogName, detail: string, at: number): Promise<void> {
  await raiseAlarm(db, { workstationId, kind: 'SEAT_LOG_ROLLED_BACK', detail, at });
}
