/**
 * Throw-away users of the operating system: made for a run, removed after it, and removed at the next start when a run
 * crashed. Owns only users that its journal names and that carry its mark; never touches another account.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';
import { replaceFile } from './replace-file.ts';

const run = promisify(execFile);

export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** A folder of its own, empty at first, that goes with the user. Its name is no other run's, so one that was left behind is in nobody's way. */
  readonly home: string;
}

export interface ThrowAwayUsers<Role extends string> {
  readonly users: Readonly<Record<Role, OsUser>>;
  /** Ends what still runs as these users and removes them with their homes. */
  remove(): Promise<void>;
}

export interface ThrowAwayRequest<Role extends string> {
  /** Where to write down what was made, before it is made. */
  readonly journal: string;
  /** Each becomes a user `<prefix>-<role>`, such as `wardlock-ui`; the prefix gets a number when such a user exists already. */
  readonly roles: readonly Role[];
  readonly prefix?: string;
}

const Journal = Type.Object({
  mark: Type.String({ pattern: '^wardlock-throw-away-[0-9a-f]{16}$' }),
  names: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]*$' })),
});
type Journal = Static<typeof Journal>;

const MARK_PREFIX = 'wardlock-throw-away-';
const MARK_BYTES = 8;
const HOMES = '/var/lib';
const MAX_PREFIXES = 20;
const LOCK_TRIES = 50;
const LOCK_WAIT_MS = 100;
const PRIVATE_FOLDER = 0o700;
/** useradd looks whether a name is free before it locks anything: two at once would make one account of two. */
const COMMAND_LOCK = '/run/wardlock-users.lock';

/**
 * Removes what a former run left, then makes one user for each role.
 * @throws WardlockError `OS_USERS_FAILED`, after having removed what was made
 */
export async function makeThrowAwayUsers<Role extends string>(request: ThrowAwayRequest<Role>): Promise<ThrowAwayUsers<Role>> {
  const { journal, roles } = request;
  await removeLeftoverUsers(journal);
  // Somebody else may take a free name between the look and the making: then the next one is tried.
  for (let left = MAX_PREFIXES; ; left -= 1) {
    const prefix = await freePrefix(request.prefix ?? 'wardlock', roles);
    const made: Journal = {
      mark: `${MARK_PREFIX}${randomBytes(MARK_BYTES).toString('hex')}`,
      names: roles.map((role) => `${prefix}-${role}`),
    };
    await replaceFile(journal, JSON.stringify(made));
    try {
      const users: [Role, OsUser][] = [];
      for (const role of roles) users.push([role, await makeUser(`${prefix}-${role}`, made.mark)]);
      return { users: recordOf(users), remove: () => removeLeftoverUsers(journal) };
    } catch (cause) {
      await removeLeftoverUsers(journal);
      if (left === 0 || !isTaken(cause)) throw cause;
    }
  }
}

/** Removes the users that the journal names, as far as they are really the ones that were made. No journal: nothing to do. */
export async function removeLeftoverUsers(journal: string): Promise<void> {
  const text = await readFile(journal, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { mark, names } = parseJournal(journal, text);
  for (const name of names) {
    const user = await findUser(name);
    if (user?.comment === mark) await endProcessesOf(user.uid);
    await rm(homeOf(name, mark), { recursive: true, force: true });
    if (user?.comment === mark) await command('userdel', name);
  }
  await rm(journal, { force: true });
}

function parseJournal(path: string, text: string): Journal {
  try {
    const read: unknown = JSON.parse(text);
    return Value.Parse(Journal, read);
  } catch (cause) {
    throw new WardlockError(
      'OS_USERS_FAILED',
      `${path} is not a journal of users. Look at it, remove the users it names, then delete it.`,
      { cause },
    );
  }
}

/** `Object.fromEntries` loses the key's type; each role was given exactly once. */
function recordOf<Role extends string>(entries: readonly (readonly [Role, OsUser])[]): Record<Role, OsUser> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries are all roles that the type names
  return Object.fromEntries(entries) as Record<Role, OsUser>;
}

async function makeUser(name: string, mark: string): Promise<OsUser> {
  const home = homeOf(name, mark);
  await command(
    'useradd',
    ...['--system', '--user-group', '--no-create-home', '--home-dir', home, '--shell', '/usr/sbin/nologin', '--comment', mark, name],
  );
  const user = await findUser(name);
  if (user === undefined) throw new WardlockError('OS_USERS_FAILED', `useradd made no user ${name}.`);
  await mkdir(home, { mode: PRIVATE_FOLDER });
  await chown(home, user.uid, user.gid);
  return { name, uid: user.uid, gid: user.gid, home };
}

function homeOf(name: string, mark: string): string {
  return `${HOMES}/${name}-${mark.slice(MARK_PREFIX.length)}`;
}

interface PasswdEntry {
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
}

/** A local account (passwd(5)), `undefined` where there is none of this name. */
async function findUser(name: string): Promise<PasswdEntry | undefined> {
  const fields = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  const [, , uid, gid, comment] = fields ?? [];
  if (uid === undefined || gid === undefined || comment === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid), comment };
}

async function freePrefix(wanted: string, roles: readonly string[]): Promise<string> {
  for (let number = 1; number <= MAX_PREFIXES; number += 1) {
    const prefix = number === 1 ? wanted : `${wanted}${number}`;
    const taken = await Promise.all(roles.map((role) => findUser(`${prefix}-${role}`)));
    if (taken.every((user) => user === undefined)) return prefix;
  }
  throw new WardlockError(
    'OS_USERS_FAILED',
    `Users ${wanted}-… to ${wanted}${MAX_PREFIXES}-… exist already. Remove those that nobody needs.`,
  );
}

/** Only processes whose real user is the throw-away one: it was made by us, so they are ours to end. */
async function endProcessesOf(uid: number): Promise<void> {
  const { stdout } = await run('ps', ['-o', 'pid=', '-U', String(uid)]).catch(() => ({ stdout: '' }));
  for (const pid of stdout.split('\n').map((line) => Number(line.trim()))) {
    if (pid > 1) endProcess(pid);
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself meanwhile.
  }
}

/** useradd and userdel refuse while another one works on the same files, and userdel while the user's processes are going. */
async function command(file: 'useradd' | 'userdel', ...args: readonly string[]): Promise<void> {
  for (let left = LOCK_TRIES; ; left -= 1) {
    try {
      await run('/usr/bin/flock', [COMMAND_LOCK, `/usr/sbin/${file}`, ...args]);
      return;
    } catch (cause) {
      // Gone already: asked for again, it would be another run's that has the name by now.
      if (file === 'userdel' && codeOf(cause) === NO_SUCH_USER) return;
      if (left === 0 || codeOf(cause) === NAME_TAKEN)
        throw new WardlockError('OS_USERS_FAILED', `${file} ${args.at(-1)} failed: ${String(cause)}`, { cause });
      await sleep(LOCK_WAIT_MS);
    }
  }
}

/** What useradd exits with when there is such a user (useradd(8)). */
const NAME_TAKEN = 9;
/** What userdel exits with when there is none (userdel(8)). */
const NO_SUCH_USER = 6;

const isTaken = (failure: unknown): boolean => failure instanceof WardlockError && codeOf(failure.cause) === NAME_TAKEN;

function codeOf(failure: unknown): unknown {
  return failure instanceof Error && 'code' in failure ? failure.code : undefined;
}
