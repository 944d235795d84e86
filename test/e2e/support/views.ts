/** Pictures of a seat for the screen gallery: every state that the agent can push, as values of the real schema. */
import type { AppView, SeatView } from '../../../contract/seat-view.ts';

const SESSION = '0123456789abcdef0123456789abcdef';

export const ANNA = { id: 'anna.reyes', displayName: 'Anna Reyes', givenName: 'Anna', initials: 'AR', roleName: 'Nurse' };

const app = (id: string, name: string, more: Partial<AppView> = {}): AppView => ({
  id,
  name,
  kind: 'native',
  icon: id,
  state: 'ready',
  ...more,
});

export const APPS: readonly AppView[] = [
  app('chart', 'Patient chart', { state: 'running' }),
  app('pill', 'Medication'),
  app('lab', 'Laboratory results'),
  app('book', 'Ward handbook', { kind: 'web', url: 'http://127.0.0.1:9/', origins: ['http://127.0.0.1:9'] }),
  app('image', 'Radiology viewer', { state: 'blocked', blocked: { kind: 'hours', next: { from: '07:00', inDays: 1 } } }),
  app('calculator', 'Calculator', { state: 'running' }),
  app('clock', 'Ward clock'),
  app('phone', 'Telephone list', { kind: 'web', url: 'http://127.0.0.1:9/', origins: ['http://127.0.0.1:9'] }),
];

/** A locked seat on which all is well. */
export function lockedView(): SeatView {
  return {
    generation: 1,
    seat: { name: 'Bay 4', wardName: 'Ward 5 East', helpdesk: 'Helpdesk, extension 4 0400' },
    looks: { languages: ['en', 'de'], siteName: null, helpdeskLine: null, accent: 'petrol' },
    phase: 'locked',
    prompt: null,
    session: null,
    apps: [],
    kept: null,
    warning: null,
    blurred: false,
    question: null,
    localAlarm: null,
    breakGlass: {
      available: true,
      needsBadge: false,
      limitSeconds: 900,
      reasons: [
        { id: 'resuscitation', text: 'Resuscitation' },
        { id: 'badge-system-down', text: 'Badge system does not work' },
        { id: 'no-one-to-sign-in', text: 'No one here can sign in' },
      ],
    },
    wedge: { minLength: 6, medianGapMs: 25, maxGapMs: 50, endGapMs: 100, terminator: 'enter' },
    signIn: { byName: false, suggests: false, byCode: false, newBadge: false },
    message: null,
    enrolment: null,
    truth: {
      reader: { state: 'ok', name: 'Reader' },
      connection: { state: 'online', since: '2026-11-23T06:00:00Z' },
      storage: { state: 'ok', daysLeft: 23, unreceipted: 0 },
      policy: { state: 'active', version: 7 },
      keys: { protection: 'keychain', meaning: '' },
      staff: { state: 'fresh', asOf: '2026-11-23T06:00:00Z' },
      idle: { confidence: 'full', reason: null },
      enforcement: { mode: 'enforced', missing: [] },
    },
    practice: false,
  };
}

export function pinView(more: Partial<Extract<SeatView['prompt'], { kind: 'pin' }>> = {}): SeatView {
  return {
    ...lockedView(),
    phase: 'authenticating',
    prompt: {
      kind: 'pin',
      person: { displayName: ANNA.displayName, initials: ANNA.initials },
      triesLeft: 5,
      waitMs: 0,
      minDigits: 6,
      maxDigits: 12,
      purpose: 'open',
      ...more,
    },
  };
}

/** Somebody tapped while the session before is still being ended: nobody is asked for a PIN yet. */
export function awaitedView(): SeatView {
  return { ...lockedView(), phase: 'authenticating', prompt: { kind: 'checking' } };
}

export function openView(more: Partial<SeatView> = {}): SeatView {
  return {
    ...lockedView(),
    phase: 'open',
    session: {
      id: SESSION,
      kind: 'person',
      person: ANNA,
      startedAt: '2026-11-23T06:12:00Z',
      lastLogin: { at: new Date(new Date().setHours(6, 40, 0, 0)).toISOString().replace(/\.\d+Z/, 'Z'), seatName: 'Bay 2' },
      policyVersion: 7,
      pinRule: { minDigits: 6, maxDigits: 12 },
      reminder: false,
      procedure: { offeredSeconds: 3600, until: null },
      ends: null,
      recorded: true,
    },
    apps: [...APPS],
    ...more,
  };
}

export function breakGlassView(): SeatView {
  const open = openView({ apps: APPS.filter(({ kind }) => kind === 'web').map((web) => ({ ...web })) });
  if (open.session === null) return open;
  const until = new Date(Date.now() + 872_000).toISOString().replace(/\.\d+Z/, 'Z');
  return {
    ...open,
    session: {
      ...open.session,
      kind: 'breakglass',
      person: { id: 'emergency', displayName: 'Emergency', givenName: 'Emergency', initials: 'E', roleName: 'Emergency' },
      lastLogin: null,
      pinRule: null,
      until,
    },
  };
}
