/**
 * The picture of the seat for its screens: a projection of what the agent knows, complete each time. It must never carry a
 * secret, a badge, another person's work or an application's path.
 */
import type { AppView, Message, PromptView, QuestionView, SeatView, SessionView } from '../../contract/seat-view.ts';
import { LONGEST_PIN } from '../../core/credentials/pin-rules.ts';
import type { Whereabouts } from '../../core/decision/rule.ts';
import { tilesOf } from '../../core/decision/tiles.ts';
import { END_WARNING_MS, endsAt, failuresElsewhere } from '../../core/session/moves.ts';
import { isOpen } from '../../core/session/open.ts';
import { procedureUntil } from '../../core/session/procedure.ts';
import { mayGuess } from '../../core/session/throttle.ts';
import type { Attempt, Env, FirstPerson, LockStates, OpenSession, Seat, SessionStates, Who } from '../../core/session/types.ts';
import type { WebApp } from '../../policies/apps.ts';
import { webOptions } from '../../policies/effective.ts';
import { canonical } from '../../policies/web-addresses.ts';
import type { EnforcementMode } from '../launch/port.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { LastLogin } from '../state/memory.ts';
import { type AppState, factsOf } from './apps.ts';
import { emergencyLeft } from './emergency.ts';
import { looksOf } from './looks.ts';

/** An open seat that was untouched for this long says in large who is signed in, in milliseconds. */
const REMINDER_MS = 60_000;

export interface ViewFacts {
  readonly generation: number;
  readonly seat: Seat;
  readonly env: Pick<Env, 'bootMs' | 'wallMs' | 'rules' | 'uiConnected' | 'facts'>;
  readonly snapshot: PolicySnapshot | null;
  readonly where: Whereabouts;
  readonly names: { readonly seatName: string; readonly wardName: string } | null;
  readonly pinDigits: (person: string) => number | null;
  readonly appState: (appId: string) => AppState | undefined;
  readonly appMessage: Message | null;
  /** What is wrong with what the site gave or with the clock, and goes on being so. */
  readonly trouble: Message | null;
  readonly lastLogin: LastLogin | null;
  readonly localAlarm: { readonly since: string } | null;
  readonly wedge: SeatView['wedge'];
  readonly signIn: SeatView['signIn'];
  readonly pinRule: { readonly minDigits: number } | null;
  readonly enforcement: EnforcementMode;
  readonly enrolment: SeatView['enrolment'];
  readonly truth: Omit<SeatView['truth'], 'enforcement'>;
  readonly recorded: boolean;
  readonly practice: boolean;
}

export function seatView(facts: ViewFacts): SeatView {
  const { seat, snapshot, env, enforcement } = facts;
  const document = snapshot?.document;
  const open = openSessionOf(seat);
  const breakGlass = document?.breakGlass;
  return {
    generation: facts.generation,
    seat: {
      name: facts.names?.seatName ?? 'Wardlock',
      wardName: facts.names?.wardName ?? 'not enrolled',
      helpdesk: document?.helpdesk ?? '',
    },
    looks: looksOf(document),
    phase: phaseOf(facts),
    prompt: promptOf(facts),
    session: open === null ? null : sessionOf(open, facts),
    apps: open === null ? [] : appsOf(open, facts),
    kept: keptOf(seat, env),
    warning: seat.lock.at === 'warning' || seat.lock.at === 'blurred' ? countdown(seat.lock, env) : null,
    blurred: seat.lock.at === 'blurred',
    question: seat.lock.at === 'asking' ? questionOf(seat.lock, env) : null,
    localAlarm: facts.localAlarm === null ? null : { since: facts.localAlarm.since },
    breakGlass: {
      available: breakGlass?.enabled === true && env.uiConnected && open === null && seat.session.at !== 'faulted',
      needsBadge: breakGlass?.needsBadge ?? true,
      limitSeconds: breakGlass?.limitSeconds ?? 0,
      reasons: (breakGlass?.reasons ?? []).map(({ id, text }) => ({ id, text })),
    },
    wedge: facts.wedge,
    signIn: facts.signIn,
    // Whoever works has no use for what IT must mend; what just happened is said first.
    message: withEmergency(facts.appMessage ?? messageOf(seat) ?? (open === null ? facts.trouble : null), env.rules),
    enrolment: facts.enrolment,
    truth: {
      ...facts.truth,
      enforcement: {
        mode: enforcement.name === 'enforced' ? 'enforced' : 'degraded',
        missing: enforcement.missing.map((layer) => ({ ...layer })),
      },
    },
    practice: facts.practice,
  };
}

function openSessionOf({ session, lock }: Seat): OpenSession | null {
  return session.at === 'active' && isOpen(lock) ? session.session : null;
}

function phaseOf({ seat, names, enrolment }: ViewFacts): SeatView['phase'] {
  if (seat.session.at === 'faulted') return 'faulted';
  if (seat.lock.at === 'warning' || seat.lock.at === 'blurred') return 'warning';
  if (openSessionOf(seat) !== null) return 'open';
  if (names === null && enrolment !== null) return 'unenrolled';
  return seat.session.at === 'authenticating' || (seat.session.at === 'ending' && isAwaited(seat.session)) ? 'authenticating' : 'locked';
}

/** Somebody comes in once the former session has ended: the screen says so, or a tap that counted would look lost. */
function isAwaited({ successor, tap, wish }: SessionStates['ending']): boolean {
  return successor !== null || tap !== null || wish !== null;
}

function promptOf(facts: ViewFacts): PromptView | null {
  const { session } = facts.seat;
  if (session.at === 'ending') return isAwaited(session) ? { kind: 'checking' } : null;
  if (session.at !== 'authenticating') return null;
  const { attempt } = session;
  if (attempt.stage === 'badge') return { kind: 'badge', purpose: 'breakGlass' };
  if (attempt.stage === 'second' && attempt.first !== null) return secondPrompt(attempt.first, facts);
  return attempt.stage === 'pin' && attempt.who !== null ? pinPrompt(attempt, attempt.who, facts) : { kind: 'checking' };
}

function secondPrompt({ who }: FirstPerson, { env, snapshot }: ViewFacts): PromptView {
  const may = env.rules?.secondRoles[who.role] ?? [];
  const roles = (snapshot?.document.roles ?? []).filter(({ id }) => may.includes(id)).map(({ name }) => name);
  return { kind: 'second', person: { displayName: who.displayName, initials: who.initials }, roles };
}

function pinPrompt(attempt: Attempt, who: Who, { seat, env, pinDigits }: ViewFacts): PromptView {
  const { rules } = env;
  const digits = pinDigits(who.id);
  const limits = { maxFailures: rules?.pin.maxFailures ?? 0, firstWaitMs: rules?.pin.firstWaitMs ?? 0 };
  const pinId = who.pinId ?? '';
  const elsewhere = failuresElsewhere(env.facts[who.id], pinId);
  const verdict = mayGuess(seat.common.throttles[who.id], pinId, { ...limits, elsewhere }, env.bootMs);
  return {
    kind: 'pin',
    person: { displayName: who.displayName, initials: who.initials },
    triesLeft: verdict.triesLeft,
    waitMs: !verdict.may && verdict.why === 'wait' ? Math.ceil(verdict.waitMs) : 0,
    minDigits: digits ?? rules?.pin.minDigits ?? LONGEST_PIN,
    maxDigits: digits ?? LONGEST_PIN,
    purpose: attempt.first === null ? attempt.purpose : 'confirm',
  };
}

function sessionOf(session: OpenSession, { seat, snapshot, env, lastLogin, recorded, pinRule }: ViewFacts): SeatView['session'] {
  const { who } = session;
  const roleName = snapshot?.document.roles.find((role) => role.id === who?.role)?.name;
  const person =
    who === null
      ? { id: 'emergency', displayName: 'Emergency access', givenName: 'Emergency', initials: '!', roleName: 'Emergency access' }
      : { id: who.id, displayName: who.displayName, givenName: who.givenName, initials: who.initials, roleName: roleName ?? who.role };
  return {
    id: session.id,
    kind: session.kind,
    person,
    startedAt: timestamp(session.startedWallMs),
    lastLogin,
    policyVersion: session.policyVersion,
    pinRule: pinRule === null || session.kind === 'breakglass' ? null : { minDigits: pinRule.minDigits, maxDigits: LONGEST_PIN },
    reminder: who !== null && env.bootMs - seat.common.lastInputBootMs >= REMINDER_MS,
    procedure: procedureOf(session, env),
    ends: endsOf(session, env),
    ...(session.limitBootMs === null ? {} : { until: timestamp(env.wallMs + session.limitBootMs - env.bootMs) }),
    recorded,
  };
}

function endsOf(session: OpenSession, { bootMs }: ViewFacts['env']): SessionView['ends'] {
  const remainingMs = endsAt(session) - bootMs;
  if (remainingMs > END_WARNING_MS) return null;
  return { remainingMs: Math.max(0, remainingMs), why: session.maxAgeBootMs <= endsAt(session) ? 'maxAge' : 'limit' };
}

function procedureOf(session: OpenSession, { rules, wallMs, bootMs }: ViewFacts['env']): SessionView['procedure'] {
  const untilBootMs = procedureUntil(session);
  return {
    offeredSeconds: Math.round((rules?.procedureMs ?? 0) / 1000),
    until: untilBootMs === null ? null : timestamp(wallMs + untilBootMs - bootMs),
  };
}

function appsOf(session: OpenSession, { snapshot, where, appState, enforcement }: ViewFacts): AppView[] {
  if (snapshot === null) return [];
  const { document } = snapshot;
  const tiles = tilesOf({ session: factsOf(session), where }, document);
  return document.apps.flatMap((app): AppView[] => {
    const { id, name, kind, icon } = app;
    const why = tiles.get(id);
    if (why === undefined) return [];
    const blocked = why ?? (kind === 'native' && enforcement.name === 'refusing' ? ({ kind: 'unenforced' } as const) : null);
    if (blocked !== null) return [{ id, name, kind, icon, state: 'blocked', blocked }];
    return [{ id, name, kind, icon, state: appState(id) ?? 'ready', ...(app.kind === 'web' ? pagesOf(app) : {}) }];
  });
}

/** Where the pages of a web application may be and what they may do, as the screens enforce it. */
function pagesOf(app: WebApp): Pick<AppView, 'url' | 'origins' | 'patterns' | 'print' | 'clipboard' | 'downloads'> {
  const { patterns, print, clipboard, downloads } = webOptions(app);
  return {
    url: app.url,
    origins: [...app.origins],
    ...(patterns === null ? {} : { patterns: patterns.map(canonical) }),
    print,
    clipboard,
    downloads,
  };
}

function keptOf({ session, lock }: Seat, env: ViewFacts['env']): SeatView['kept'] {
  const held = session.at === 'authenticating' ? session.held : session.at === 'active' && !isOpen(lock) ? session.session : null;
  if (held === null || held.who === null || held.keptUntilBootMs === null) return null;
  return { initials: held.who.initials, until: timestamp(env.wallMs + held.keptUntilBootMs - env.bootMs) };
}

function questionOf(lock: LockStates['asking'], env: ViewFacts['env']): QuestionView {
  const { question } = lock;
  if (question.kind === 'stay') return { kind: 'stay', ...countdown(lock, env) };
  const { displayName, initials } = question.tap.who;
  return { kind: 'handOver', person: { displayName, initials }, ...countdown(lock, env) };
}

type Countdown = NonNullable<SeatView['warning']>;

function countdown(lock: { readonly sinceBootMs: number; readonly untilBootMs: number }, env: ViewFacts['env']): Countdown {
  return { remainingMs: Math.max(0, lock.untilBootMs - env.bootMs), totalMs: lock.untilBootMs - lock.sinceBootMs };
}

function messageOf({ common }: Seat): Message | null {
  const { notice } = common;
  if (notice === null) return null;
  return { key: notice.key, params: { ...notice.params }, ...(notice.code === undefined ? {} : { code: notice.code }) };
}

/** Messages that nobody can sign in by: whoever reads one wants to know whether emergency access is left. */
const NOBODY_SIGNS_IN: readonly Message['key'][] = ['store.full', 'store.broken', 'policy.expired', 'staff.tooOld', 'clock.wrong'];

/** Says what emergency access this policy leaves, where it leaves any. */
function withEmergency(message: Message | null, rules: Env['rules']): Message | null {
  if (message === null || !NOBODY_SIGNS_IN.includes(message.key)) return message;
  const left = emergencyLeft(rules?.breakGlass ?? null, message.key === 'store.full' || message.key === 'store.broken');
  return left === 'none' ? message : { ...message, params: { ...message.params, emergency: left } };
}

/** RFC 3339 in UTC. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
