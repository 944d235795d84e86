/**
 * The server's own log: who read what, who enrolled, what was refused. Each row's hash covers the row before it, so a
 * row that is missing or altered shows. It must never hold a secret or a patient's name.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import Type from 'typebox';
import Value from 'typebox/value';
import { type CanonicalValue, canonicalJson } from '../../core/envelope/canonical-json.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';

const Body = Type.Unsafe<ServerEvent['body']>(Type.Record(Type.String(), Type.Unknown()));

export interface ServerEvent {
  readonly type: string;
  /** An account, a workstation id, `console`, `cli` or an address. */
  readonly actor: string;
  readonly body: { readonly [key: string]: CanonicalValue };
}

/** What somebody asks of the log; what is null asks nothing. Times are milliseconds since 1970, both included. */
export interface ServerLogQuery {
  readonly type: string | null;
  readonly actor: string | null;
  readonly from: number | null;
  readonly to: number | null;
  /** So many rows at most, the newest of those that fit. */
  readonly limit: number;
}

export interface ServerLogRow extends ServerEvent {
  readonly seq: number;
  readonly at: string;
}

/** Rows that are read together. */
const ROWS_AT_ONCE = 1000;
const GENESIS = '0'.repeat(64);

export interface ServerLog {
  /** Returns after the commit. Give the transaction of the deed itself where there is one, as its last statement: others wait for its end. */
  append(event: ServerEvent, within?: Kysely<Tables>): Promise<void>;
  /** The position of the first row whose hash does not fit, or null when the whole log is consistent. */
  firstFault(): Promise<number | null>;
  /** Oldest first. Whether there are older ones that fit is `more`. */
  read(query: ServerLogQuery): Promise<{ readonly events: readonly ServerLogRow[]; readonly more: boolean }>;
}

export function openServerLog(db: Kysely<Tables>, now: () => number): ServerLog {
  const appendTo = async (transaction: Kysely<Tables>, event: ServerEvent): Promise<void> => {
    await lockInTransaction(transaction, 'server-log');
    const last = await transaction.selectFrom('server_events').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
    const row = { seq: Number(last?.seq ?? -1) + 1, at: now(), type: event.type, actor: event.actor, body: canonicalJson(event.body) };
    await transaction
      .insertInto('server_events')
      .values({ ...row, hash: chain(last?.hash ?? GENESIS, row) })
      .execute();
  };
  return {
    append: (event, within) =>
      within === undefined ? db.transaction().execute((transaction) => appendTo(transaction, event)) : appendTo(within, event),
    firstFault: () => chainFault(db, new Map()),
    read: (query) => readLog(db, query),
  };
}

async function readLog(db: Kysely<Tables>, { type, actor, from, to, limit }: ServerLogQuery): ReturnType<ServerLog['read']> {
  const rows = await db
    .selectFrom('server_events')
    .selectAll()
    .$if(type !== null, (query) => query.where('type', '=', type))
    .$if(actor !== null, (query) => query.where('actor', '=', actor))
    .$if(from !== null, (query) => query.where('at', '>=', from))
    .$if(to !== null, (query) => query.where('at', '<=', to))
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();
  const events = rows.slice(0, limit).map((row) => ({
    seq: Number(row.seq),
    at: new Date(Number(row.at)).toISOString(),
    type: row.type,
    actor: row.actor,
    body: Value.Parse(Body, JSON.parse(row.body)),
  }));
  return { events: events.reverse(), more: rows.length > limit };
}

/**
 * Reads the whole log in pieces. Answers the first row that does not fit: its own hash, or, after so many rows, the hash that
 * `heads` says was published; the row that is missing where there are fewer. Null when all fits.
 */
export async function chainFault(db: Kysely<Tables>, heads: ReadonlyMap<number, string>): Promise<number | null> {
  let before = GENESIS;
  let next = 0;
  for (;;) {
    const rows = await db.selectFrom('server_events').selectAll().where('seq', '>=', next).orderBy('seq').limit(ROWS_AT_ONCE).execute();
    for (const { hash, ...row } of rows) {
      if (Number(row.seq) !== next || hash !== chain(before, row) || (heads.get(next + 1) ?? hash) !== hash) return next;
      before = hash;
      next += 1;
    }
    if (rows.length < ROWS_AT_ONCE) return [...heads.keys()].some((size) => size > next) ? next : null;
  }
}

type Row = { readonly seq: number; readonly at: number; readonly type: string; readonly actor: string; readonly body: string };

function chain(before: string, { seq, at, type, actor, body }: Row): string {
  const text = canonicalJson({ before, seq: Number(seq), at: Number(at), type, actor, body });
  return createHash('sha256').update(text).digest('hex');
}
