/**
 * What is right and wrong with this seat, in sentences that say what to do. It only looks; it must never repair, and never
 * call a thing right that it could not see.
 */
import { readFileSync } from 'node:fs';
import type { Result } from '../contract/boundary.ts';
import type { CliBoundary } from '../contract/cli.ts';
import { errorMeanings } from '../core/errors/index.ts';
import { whatFaulted } from '../core/session/fault.ts';
import { authorityEnd } from '../crypto/authority.ts';
import type { Launcher } from './launch/port.ts';
import { memoryLimitBytes, PROCESSES } from './launch/sandbox/limits.ts';
import type { ReadersReport } from './readers/port.ts';
import { type EmergencyLeft, emergencyLeft } from './seat/emergency.ts';
import { LEAST_DIGITS_WITH_A_FILE } from './seat/rules.ts';
import type { SeatAgent } from './seat-agent.ts';
import type { Connection } from './site-link.ts';

type Check = Result<CliBoundary, 'doctor'>['checks'][number];
type Finding = Omit<Check, 'id'>;

/** The server makes a later one three years before the end: a seat without it by then was not online for two. */
const AUTHORITY_WARN_MS = 365 * 86_400_000;
const BYTES_OF_A_MIB = 1_048_576;
/** A sentence of the doctor is no longer than this (contract/cli.ts). */
const SAYS_LIMIT = 500;

const LEFT: Readonly<Record<EmergencyLeft, string>> = {
  none: 'nobody can sign in, and this policy gives no emergency access',
  ifRecorded: 'only an emergency access that can be recorded works',
  works: 'only emergency access works',
};

const ok = (says: string): Finding => ({ state: 'ok', says });
const warn = (says: string, todo: string): Finding => ({ state: 'warn', says, todo });
const stop = (says: string, todo: string): Finding => ({ state: 'stop', says, todo });

export function examine(seat: SeatAgent): Result<CliBoundary, 'doctor'> {
  const checks: Readonly<Record<string, (seat: SeatAgent) => Finding>> = {
    enrolment,
    authority,
    policy,
    staff,
    record,
    keys,
    'pin-length': pinLength,
    enforcement,
    limits: ({ parts }) => limitsSay(parts.launcher),
    network: () => network(interfaces()),
    connection: ({ parts, site }) => (parts.identity.enrolment === null ? NO_SERVER : connectionSays(site.connection)),
    readers: ({ readers }) => readersSay(readers.report),
    screens,
    seat: machine,
  };
  return { checks: Object.entries(checks).map(([id, check]) => ({ id, ...check(seat) })) };
}

function enrolment({ parts }: SeatAgent): Finding {
  const { enrolment: known } = parts.identity;
  if (known === null)
    return stop('This seat is not enrolled.', 'Make a token on the server and type it here: enrol TOKEN --server HOST:PORT');
  return ok(`Enrolled as ${known.seatName} in ${known.ward.name} since ${known.enrolledAt}.`);
}

/** How long the seat believes its server: a later certificate comes by itself, years before. */
function authority(seat: SeatAgent): Finding {
  const { enrolment: known } = seat.parts.identity;
  if (known === null) return { state: 'unknown', says: 'This seat has no site, so it believes no server yet.' };
  return authoritySays(authorityEnd(known.ca), seat.site.trustedWallMs());
}

export function authoritySays(end: number, now: number): Finding {
  const until = new Date(end).toISOString().slice(0, 10);
  if (end <= now)
    return stop(
      `The authority of the site ended for this seat on ${until}: it believes no server any more.`,
      'Set the seat up anew and enrol it.',
    );
  if (end - now <= AUTHORITY_WARN_MS)
    return warn(
      `The authority of the site holds for this seat until ${until} only, and a later certificate of it has not come.`,
      'Bring the seat online, and see what "server authority" says on the server.',
    );
  return ok(`The authority of the site holds until ${until}.`);
}

function policy(seat: SeatAgent): Finding {
  const state = seat.site.policyState;
  const version = seat.site.policy?.version ?? 0;
  if (state === 'none') return stop('There is no policy, so nobody can sign in.', 'Publish one: policy publish FILE --server URL');
  if (state === 'expired') return stop(`Policy ${version} has expired: ${emergency(seat)}.`, 'Publish a newer one.');
  if (state === 'stale')
    return warn(`Policy ${version} is in force, but the seat has not heard from its server for long.`, 'See the connection below.');
  return ok(`Policy ${version} is in force.`);
}

/** What is left where nobody can sign in, by the policy that rules. */
function emergency({ credentials }: SeatAgent, isRecordLost = false): string {
  return LEFT[emergencyLeft(credentials.rulesFor(null)?.breakGlass ?? null, isRecordLost)];
}

function staff(seat: SeatAgent): Finding {
  const { parts, credentials } = seat;
  const { current } = parts.directory;
  if (current === null)
    return stop('The seat knows no staff, so no badge works.', 'Wait for the first synchronisation, or see the connection below.');
  const { state, asOf } = credentials.staffTruth;
  const says = `${current.persons.length} people of ${current.ward.name} are known, version ${current.version}, as of ${asOf ?? current.issuedAt}.`;
  const todo = 'Bring the seat online: who was revoked since is not known here.';
  if (state === 'tooOld') return stop(`${says} That is too old by the policy: ${emergency(seat)}.`, todo);
  return state === 'old' ? warn(`${says} That is old by the policy: every sign-in needs the PIN.`, todo) : ok(says);
}

function record(seat: SeatAgent): Finding {
  const { record: held, parts } = seat;
  const { state, daysLeft, unreceipted } = held.storage();
  if (held.store === null) return warn('Nothing is recorded yet: the first policy names who may read the record.', 'Publish a policy.');
  const { alarms: found, retiredUnreceipted, witnessed } = held.store.status();
  if (state === 'broken')
    return stop(
      `The record can't be written (${parts.recorder.broken ?? 'see the log'}): ${emergency(seat, true)}.`,
      'Look at the disk and at the operational log.',
    );
  if (state === 'full')
    return stop(
      `The room for the record is full: ${emergency(seat, true)}.`,
      'Bring the seat online, so that its server takes the record over.',
    );
  if (found.length > 0) {
    const names = [...new Set(found.map(({ code }) => code))].slice(0, 5).join(', ');
    return stop(
      `${found.length} findings about the record were not acknowledged: ${names}.`,
      'Look at the seat on the console, then take note of them here: audit acknowledge',
    );
  }
  const pinned =
    witnessed === null ? '' : ` The server's witness confirmed ${witnessed.size} entries, last on ${new Date(witnessed.at).toISOString()}.`;
  const replaced = retiredUnreceipted === 0 ? '' : ` ${retiredUnreceipted} of logs that were replaced wait too.`;
  const says = `Recording; ${unreceipted} entries wait for the server, room for about ${daysLeft} days.${pinned}${replaced}`;
  return state === 'low' ? warn(says, 'Bring the seat online.') : ok(says);
}

function keys({ parts }: SeatAgent): Finding {
  const { protection, meaning } = parts.protection;
  return protection === 'file'
    ? stop(meaning, 'Run the seat where it has a keychain or a TPM credential; until then PINs have at least 6 digits.')
    : ok(meaning);
}

/** A seat key that a thief of the disk can read makes short PINs guessable offline. */
function pinLength(seat: SeatAgent): Finding {
  const minDigits = seat.site.policy?.document.pin.minDigits;
  if (minDigits === undefined) return { state: 'unknown', says: 'There is no policy yet that says how long PINs are.' };
  if (seat.parts.protection.protection !== 'file' || minDigits >= LEAST_DIGITS_WITH_A_FILE)
    return ok(`PINs have at least ${minDigits} digits.`);
  return stop(
    `The policy allows PINs of ${minDigits} digits, and this seat, whose key is in a file, takes none so short.`,
    `Ask for at least ${LEAST_DIGITS_WITH_A_FILE} digits in the policy.`,
  );
}

function enforcement({ parts }: SeatAgent): Finding {
  const { name, missing } = parts.launcher.mode;
  const gaps = missing.map((layer) => layer.meaning).join(' ');
  if (name === 'enforced') return ok(gaps === '' ? 'Every layer of enforcement is in force.' : `Enforced. ${gaps}`.slice(0, 500));
  if (name === 'refusing')
    return stop(
      `A layer of enforcement is missing, so no application starts. ${gaps}`.slice(0, 500),
      'See the operational log of the agent.',
    );
  return warn(`Degraded: the policy is not enforced by the system. ${gaps}`.slice(0, 500), 'Run the agent as root on Linux.');
}

/** Whether applications can use up the machine. */
export function limitsSay({ mode, limits }: Pick<Launcher, 'mode' | 'limits'>): Finding {
  if (mode.name === 'refusing') return { state: 'unknown', says: 'No application starts, so none is limited in what it uses.' };
  const memory = `${Math.floor(memoryLimitBytes() / BYTES_OF_A_MIB)} MiB of memory`;
  switch (limits) {
    case 'session':
      return ok(`The applications of a session have ${memory} and ${PROCESSES} processes together.`);
    case 'process':
      return warn(
        `Each process of an application has ${memory}, and there are ${PROCESSES} at most; together they can use up the machine's memory. The kernel then ends them first.`,
        'Boot the system with control groups of version 2 alone: systemd.unified_cgroup_hierarchy=1',
      );
    case 'none':
      return warn('What applications use of the machine is not limited.', 'Run the agent as root on Linux.');
  }
}

/** Names of this process's network interfaces besides the loopback; null where that can't be seen. */
function interfaces(): readonly string[] | null {
  try {
    const rows = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return rows.map((row) => row.split(':')[0]?.trim() ?? '').filter((name) => name !== '' && name !== 'lo');
  } catch {
    return null;
  }
}

export function network(found: readonly string[] | null): Finding {
  if (found === null) return { state: 'unknown', says: 'It could not be seen whether the agent can reach a network.' };
  if (found.length === 0) return ok('The agent has no network.');
  return warn(
    `The agent could reach a network (${found.slice(0, 5).join(', ')}).`,
    'Start it in a network namespace of its own, as the service unit does.',
  );
}

const NO_SERVER: Finding = { state: 'unknown', says: 'This seat has no site, so there is no server to connect to.' };
const CONNECTION_TODO: ReadonlyMap<string, string> = new Map([
  [errorMeanings.SERVER_SEAT_REVOKED, 'If it shall come back, set it up anew with an empty state folder, and enrol it with a new token.'],
  [
    errorMeanings.SERVER_SEAT_UNKNOWN,
    'Either another server answers, or this one was restored from a backup that is older than this enrolment. Then copy the record with audit snapshot FILE, set the seat up anew with an empty state folder, and enrol it with a new token.',
  ],
]);

/** Whether the server is heard, and what to do where it is not. */
export function connectionSays({ state, since, detail }: Connection): Finding {
  if (state === 'online') return ok(`Connected to the server since ${since}.`);
  return warn(
    `No connection since ${since}. Everything works and is recorded. ${detail ?? ''}`.trim(),
    CONNECTION_TODO.get(detail ?? '') ?? 'Check that the syncer runs and the server answers.',
  );
}

/** How the badge readers are, and what to do about one that does not work. */
export function readersSay({ state, name, readers }: ReadersReport): Finding {
  const names = readers.map((one) => one.name).join(', ');
  switch (state) {
    case 'ok':
      return ok(readers.length < 2 ? `${name} works.` : `${readers.length} readers work: ${names}.`.slice(0, SAYS_LIMIT));
    case 'none':
      return { state: 'unknown', says: 'No badge reader was seen since the agent started.', todo: 'Plug one in, or use one that types.' };
    case 'absent':
      return warn(`No badge reader is plugged in. The last one was ${name}.`, 'Plug it in again; the seat notices by itself.');
    case 'stopped':
      return warn("The machine's smart card service (pcscd) does not answer.", 'Start it: systemctl start pcscd.socket');
    case 'frozen':
      return warn(`${name} does not answer; its stack is being restarted.`, 'Unplug it and plug it in again, then restart pcscd.');
    case 'ghost':
      return warn(
        `${name} sees a card that does not answer.`,
        'Take the card off the reader. If none lies there, plug the reader in again.',
      );
  }
}

function screens(seat: SeatAgent): Finding {
  return seat.ui.connected
    ? ok('The screens are connected.')
    : warn('No screens are connected, so nobody can sign in.', 'Start the kiosk.');
}

function machine(seat: SeatAgent): Finding {
  const { session, lock } = seat.runtime.seat;
  if (session.at === 'faulted') {
    const advice = 'See the operational log. It opens by itself once that is mended; where it does not, restart the agent.';
    return stop(`The seat is shut: ${whatFaulted(session).why}.`, advice);
  }
  return ok(`Session ${session.at}, lock ${lock.at}.`);
}
