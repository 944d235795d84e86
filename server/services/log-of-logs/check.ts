/**
 * Checks the logs of logs as a whole: each tree, what each entry states against the seats' logs and the server's own log in
 * the database beside it, and a checkpoint that somebody outside has kept. It changes nothing and names what is wrong.
 */
import type { Kysely } from 'kysely';
import { HASH_BYTES } from '../../../core/audit/bytes.ts';
import {
  type Checkpoint,
  CompactRange,
  type NoteVerifier,
  parseCheckpoint,
  parseVerifierKey,
  type TreeHasher,
  toHex,
  verifyCosignature,
} from '../../../core/audit/index.ts';
import { isWardlockError } from '../../../core/errors/index.ts';
import type { Tables } from '../../store/schema.ts';
import { chunks } from '../logs.ts';
import { chainFault } from '../server-log.ts';
import { checkTree } from './check-tree.ts';
import { originOf, serverLogOrigin, verifierKeyOf } from './names.ts';
import type { PublisherParts } from './publisher.ts';
import { readLogs } from './store.ts';

const SEGMENTS = 64;
const SEAT_ORIGIN = /^wardlock\/seat\/([0-9a-f]{32})\/([0-9a-f]{16})$/;

export interface CheckParts extends PublisherParts {
  /** C2SP vkey of the witness whose cosignatures the entries carry. */
  readonly witnessKey: string;
}

export interface CheckWanted {
  /** A signed checkpoint kept elsewhere; null where there is none. */
  readonly outside: string | null;
  readonly onProgress: (entries: number) => void;
}

export interface CheckResult {
  readonly entries: number;
  /** Plain sentences; none when all fits. */
  readonly faults: readonly string[];
  /** Null where no checkpoint from outside was given. */
  readonly outside: 'found' | 'missing' | null;
}

/** What the entries state, to hold the database against. */
interface Stated {
  /** Log of a seat to sizes with their roots. */
  readonly seats: Map<string, Map<number, string>>;
  /** Rows of the server's own log with the hash of the last. */
  readonly serverLog: Map<number, string>;
}

export async function checkLogOfLogs(parts: CheckParts, wanted: CheckWanted): Promise<CheckResult> {
  const { db, hasher, crypto, tenant } = parts;
  const faults: string[] = [];
  const outside = wanted.outside === null ? null : parseCheckpoint(wanted.outside);
  const stated: Stated = { seats: new Map(), serverLog: new Map() };
  const witness = parseVerifierKey(crypto, parts.witnessKey);
  let total = 0;
  let found = false;
  const logs = await readLogs(db);
  for (const log of logs) {
    const origin = originOf(tenant, log.id);
    const own = parseVerifierKey(crypto, verifierKeyOf(parts, log.id));
    const checked = await checkTree({
      db,
      hasher,
      log,
      key: own,
      outside: outside?.checkpoint.origin === origin ? outside : null,
      onEntry: (entry, seq) => {
        total += 1;
        wanted.onProgress(total);
        const fault = note(entry, { tenant, witness, stated });
        if (fault !== null) faults.push(`Entry ${seq} of ${origin}: ${fault}`);
      },
      onFault: (fault) => faults.push(`${origin}: ${fault}`),
    });
    if (checked.entries !== log.size) faults.push(`${origin} has ${checked.entries} entries instead of ${log.size}.`);
    found ||= checked.found;
  }
  if (outside !== null && !found)
    faults.push(missing(outside.checkpoint, new Map(logs.map(({ id, size }) => [originOf(tenant, id), size]))));
  for (const [log, heads] of stated.seats) faults.push(...(await seatFaults(db, hasher, log, heads)));
  const broken = await chainFault(db, stated.serverLog);
  if (broken !== null) faults.push(`The server's own log does not fit from row ${broken} on: rows were altered or removed.`);
  return { entries: total, faults, outside: outside === null ? null : found ? 'found' : 'missing' };
}

/** Why a checkpoint from outside is none of what is stored: a wrong file looks like a database that was replaced. */
function missing({ origin, size }: Checkpoint, stored: ReadonlyMap<string, number>): string {
  const has = stored.get(origin);
  const names = [...stored.keys()].join(', ');
  if (has === undefined)
    return `The checkpoint from outside is of ${origin}, and this database has ${names === '' ? 'no log of logs' : names}: the file is of another site, or the database was replaced.`;
  if (has < size)
    return `The checkpoint from outside covers ${size} entries of ${origin}, of which ${has} are stored: the database went back in time.`;
  return `The checkpoint from outside (${size} entries of ${origin}) does not fit what is stored: the database was rewritten, or the file was altered.`;
}

interface Believed {
  readonly tenant: string;
  readonly witness: NoteVerifier;
  readonly stated: Stated;
}

/** Takes down what an entry states, or says what is wrong with it. */
function note(entry: Uint8Array, { tenant, witness, stated }: Believed): string | null {
  try {
    const { checkpoint, note: signed } = parseCheckpoint(entry);
    const { origin, size, root } = checkpoint;
    if (origin === serverLogOrigin(tenant)) {
      stated.serverLog.set(size, toHex(root));
      return null;
    }
    const [, workstationId, incarnation] = SEAT_ORIGIN.exec(origin) ?? [];
    // The first entry of a log that began after a restore is the last checkpoint of the one before.
    if (workstationId === undefined || incarnation === undefined)
      return origin.startsWith(originOf(tenant, '')) ? null : 'it is about nothing of this site.';
    if (verifyCosignature(signed, witness) === undefined) return 'the cosignature of the witness does not verify.';
    const heads = stated.seats.get(`${workstationId}/${incarnation}`) ?? new Map<number, string>();
    heads.set(size, toHex(root));
    stated.seats.set(`${workstationId}/${incarnation}`, heads);
    return null;
  } catch (error) {
    if (isWardlockError(error)) return 'it is no signed note.';
    throw error;
  }
}

/** Holds a seat's stored log against every head of it that was published. */
async function seatFaults(db: Kysely<Tables>, hasher: TreeHasher, name: string, heads: ReadonlyMap<number, string>): Promise<string[]> {
  const [workstationId = '', incarnation = ''] = name.split('/');
  const row = await db
    .selectFrom('logs')
    .select(['size', 'pinned_size'])
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .executeTakeFirst();
  const highest = Math.max(...heads.keys());
  if (row === undefined) return [`Log ${name} was anchored with ${highest} entries and is not stored at all.`];
  const faults: string[] = [];
  if (Number(row.pinned_size) < highest)
    faults.push(`Log ${name} was anchored with ${highest} entries; the database knows of ${Number(row.pinned_size)}.`);
  const range = CompactRange.empty(hasher);
  const last = Math.min(highest, Number(row.size));
  while (range.end < last) {
    const segments = await db
      .selectFrom('segments')
      .select(['start', 'leaf_hashes'])
      .where('workstation_id', '=', workstationId)
      .where('incarnation', '=', incarnation)
      .where('start', '>=', range.end)
      .orderBy('start')
      .limit(SEGMENTS)
      .execute();
    if (segments.length === 0 || Number(segments[0]?.start) !== range.end)
      return [...faults, `Log ${name} has a hole at entry ${range.end}.`];
    for (const { leaf_hashes } of segments) {
      for (const hash of chunks(leaf_hashes, HASH_BYTES)) {
        range.append(hash);
        const head = heads.get(range.end);
        if (head !== undefined && head !== toHex(range.root()))
          return [...faults, `Log ${name}: its first ${range.end} entries are not those that were anchored.`];
      }
    }
  }
  return faults;
}
