/**
 * Local accounts of auditors: Argon2id passwords, sessions kept as hashes, waits that grow with wrong passwords. It never
 * tells whether a name or a password was wrong.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Kysely } from 'kysely';
import { Value } from 'typebox/value';
import { Id } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SecretBox } from '../site/secret-box.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { ServerLog } from './server-log.ts';
import { ID_RULE } from './staff-words.ts';
import { recordStranger } from './strangers.ts';

/** RFC 9106's second recommendation. */
const ARGON = { memoryCost: 65_536, timeCost: 3, parallelism: 4 } as const;
const SESSION_MS = 8 * 3_600_000;
const SESSION_BYTES = 32;
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
const MIN_PASSWORD = 10;
/** Names without an account whose attempts are counted; the longest unused are forgotten first. */
const MOST_UNKNOWN_NAMES = 10_000;

export interface SignedIn {
  readonly name: string;
  readonly role: string;
  readonly csrf: string;
}

export interface Accounts {
  /** Adds an account or sets its password; every session of it ends. @throws WardlockError START_USAGE */
  put(name: string, password: string): Promise<void>;
  /** Nobody signs in under it any more, and every session of it ends; what was done under its name stays in the log. @throws WardlockError SERVER_NOT_FOUND */
  remove(name: string): Promise<void>;
  list(): Promise<{ readonly name: string; readonly role: string }[]>;
  /** The secret of a new session. @throws WardlockError SERVER_SIGN_IN_WRONG, SERVER_TOO_MANY */
  signIn(name: string, password: string): Promise<{ readonly secret: string; readonly session: SignedIn }>;
  /** @throws WardlockError SERVER_SIGN_IN_NEEDED */
  session(secret: string | undefined): Promise<SignedIn>;
  signOut(secret: string): Promise<void>;
}

interface AccountParts {
  readonly db: Kysely<Tables>;
  readonly log: ServerLog;
  readonly box: Pick<SecretBox, 'keyedHash'>;
  readonly now: () => number;
}

export function openAccounts(parts: AccountParts): Accounts {
  const { db, log, now } = parts;
  // Verified against, so that an unknown name takes as long as a known one.
  const strangersPassword = hash(randomBytes(SESSION_BYTES).toString('hex'), ARGON);
  return {
    put: async (name, password) => {
      // The sign-in takes no other: an account that nobody can use must not be made.
      if (!Value.Check(Id, name)) throw new WardlockError('START_USAGE', `"${name}" is no name of an account. It must be ${ID_RULE}.`);
      if (password.length < MIN_PASSWORD) throw new WardlockError('START_USAGE', `A password has at least ${MIN_PASSWORD} characters.`);
      const values = { password: await hash(password, ARGON), failures: 0, locked_until: 0 };
      await db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('accounts')
          .values({ name, role: 'auditor', created_at: now(), ...values })
          .onConflict((c) => c.column('name').doUpdateSet(values))
          .execute();
        await transaction.deleteFrom('console_sessions').where('account', '=', name).execute();
        await log.append({ type: 'account.changed', actor: 'cli', body: { account: name } }, transaction);
      });
    },
    remove: (name) =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('console_sessions').where('account', '=', name).execute();
        const { numDeletedRows } = await transaction.deleteFrom('accounts').where('name', '=', name).executeTakeFirstOrThrow();
        if (numDeletedRows === 0n) throw new WardlockError('SERVER_NOT_FOUND', `There is no account ${name}. See: account list`);
        await log.append({ type: 'account.removed', actor: 'cli', body: { account: name } }, transaction);
      }),
    list: () => db.selectFrom('accounts').select(['name', 'role']).orderBy('name').execute(),
    signIn: (name, password) => signIn(parts, strangersPassword, { name, password }),
    session: async (secret) => {
      const row =
        secret === undefined
          ? undefined
          : await db
              .selectFrom('console_sessions')
              .innerJoin('accounts', 'accounts.name', 'console_sessions.account')
              .select(['accounts.name', 'accounts.role', 'console_sessions.csrf'])
              .where('id_sha256', '=', digest(secret))
              .where('expires_at', '>', now())
              .executeTakeFirst();
      if (row === undefined) throw new WardlockError('SERVER_SIGN_IN_NEEDED');
      return row;
    },
    signOut: async (secret) => {
      await db.deleteFrom('console_sessions').where('id_sha256', '=', digest(secret)).execute();
    },
  };
}

interface Attempt {
  readonly name: string;
  readonly password: string;
}

/** Every attempt is charged as a failure before the password is looked at, so that attempts in parallel count one by one. */
async function signIn(
  parts: AccountParts,
  strangersPassword: Promise<string>,
  { name, password }: Attempt,
): ReturnType<Accounts['signIn']> {
  const { db, log, now } = parts;
  const account = (await charge(parts, name)) ?? (await chargeStranger(parts, name));
  const right = await verify(account?.password ?? (await strangersPassword), password);
  if (account === null || !right) {
    // Those of an account are bounded by its waits.
    if (account === null) await recordStranger(parts);
    else await log.append({ type: 'account.refused', actor: 'console', body: { account: name } });
    throw new WardlockError('SERVER_SIGN_IN_WRONG');
  }
  const secret = randomBytes(SESSION_BYTES).toString('base64url');
  const csrf = randomBytes(SESSION_BYTES).toString('base64url');
  await db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('console_sessions').where('expires_at', '<=', now()).execute();
    await transaction.updateTable('accounts').set({ failures: 0, locked_until: 0 }).where('name', '=', name).execute();
    await transaction
      .insertInto('console_sessions')
      .values({ id_sha256: digest(secret), account: name, csrf, created_at: now(), expires_at: now() + SESSION_MS })
      .execute();
    await log.append({ type: 'account.signed-in', actor: name, body: {} }, transaction);
  });
  return { secret, session: { name, role: account.role, csrf } };
}

/** The account, charged with one more failure; null where there is none. @throws WardlockError SERVER_TOO_MANY */
async function charge({ db, now }: AccountParts, name: string): Promise<Pick<Tables['accounts'], 'password' | 'role'> | null> {
  const at = now();
  return db.transaction().execute(async (transaction) => {
    const charged = await transaction
      .updateTable('accounts')
      .set((eb) => ({ failures: eb('failures', '+', 1) }))
      .where('name', '=', name)
      .where('locked_until', '<=', at)
      .returning(['password', 'role', 'failures'])
      .executeTakeFirst();
    if (charged === undefined) {
      const locked = await transaction.selectFrom('accounts').select('locked_until').where('name', '=', name).executeTakeFirst();
      if (locked !== undefined) throw tooManyPasswords(Number(locked.locked_until) - at);
      return null;
    }
    await transaction
      .updateTable('accounts')
      .set({ locked_until: at + pauseAfter(charged.failures) })
      .where('name', '=', name)
      .execute();
    return charged;
  });
}

/**
 * What stands in for the accounts that do not exist, on every node alike, so that a name without one answers as any other.
 * @throws WardlockError SERVER_TOO_MANY
 */
async function chargeStranger({ db, box, now }: AccountParts, name: string): Promise<null> {
  const at = now();
  const id = box.keyedHash('sign-in', name);
  await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'throttles');
    const known = await transaction.selectFrom('throttles').select(['failures', 'locked_until']).where('id', '=', id).executeTakeFirst();
    const lockedUntil = Number(known?.locked_until ?? 0);
    if (lockedUntil > at) throw tooManyPasswords(lockedUntil - at);
    const failures = Number(known?.failures ?? 0) + 1;
    const values = { failures, locked_until: at + pauseAfter(failures), used_at: at };
    await transaction
      .insertInto('throttles')
      .values({ id, ...values })
      .onConflict((c) => c.column('id').doUpdateSet(values))
      .execute();
    if (known === undefined) await forgetLongestUnused(transaction);
  });
  return null;
}

async function forgetLongestUnused(db: Kysely<Tables>): Promise<void> {
  const { rows } = await db
    .selectFrom('throttles')
    .select((eb) => eb.fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow();
  if (Number(rows) <= MOST_UNKNOWN_NAMES) return;
  const oldest = db
    .selectFrom('throttles')
    .select('id')
    .orderBy('used_at')
    .limit(Number(rows) - MOST_UNKNOWN_NAMES);
  await db.deleteFrom('throttles').where('id', 'in', oldest).execute();
}

function pauseAfter(failures: number): number {
  return failures < FREE_FAILURES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES));
}

function tooManyPasswords(waitMs: number): WardlockError {
  return new WardlockError('SERVER_TOO_MANY', `Too many wrong passwords. Wait ${Math.ceil(waitMs / 1000)} seconds.`);
}

/** Compares in constant time. */
export function sameSecret(a: string, b: string): boolean {
  const [left, right] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(left, right);
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
