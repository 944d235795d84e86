/** The screens of the gallery: what the agent says, and what a person does before the picture. Test data only. */
import type { Page } from '@playwright/test';
import type { Looks } from '../../../contract/looks.ts';
import type { SeatView } from '../../../contract/seat-view.ts';
import { typeAsPerson } from '../../../demo/kiosk.ts';
import { awaitedView, breakGlassView, lockedView, openView, pinView } from './views.ts';

export interface Shot {
  readonly name: string;
  readonly screen: string;
  readonly view: () => SeatView;
  /** What a person does before the picture. */
  readonly act?: (page: Page) => Promise<void>;
  /** A web app that is opened first. */
  readonly web?: string;
}

/** Nobody listens there. */
const NOBODY_THERE = 'http://127.0.0.1:65530/';

/** The longest that a policy can say of the site. */
export const BRANDED: Looks = {
  languages: ['en', 'de'],
  siteName: 'St Elsewhere Teaching Hospital, Department of Surgery North',
  helpdeskLine: 'Helpdesk, extension 4 0400, at night the porter at the main entrance on extension 4 0112, or ask at the reception desk.',
  accent: 'plum',
};

const truth = lockedView().truth;
/** As much as can be wrong at once. */
const IN_TROUBLE: SeatView['truth'] = {
  reader: { state: 'frozen', name: 'Reader' },
  connection: { state: 'offline', since: '2026-11-23T09:00:00Z' },
  storage: { state: 'low', daysLeft: 2, unreceipted: 48_211 },
  policy: { state: 'expired', version: 7 },
  keys: { protection: 'file', meaning: 'The key of this seat lies in a file.' },
  staff: { state: 'tooOld', asOf: '2026-11-20T06:00:00Z' },
  idle: { confidence: 'low', reason: 'osBlind' },
  enforcement: {
    mode: 'degraded',
    missing: [
      { layer: 'app-user', meaning: 'Applications run as the same user as the screens.' },
      { layer: 'landlock', meaning: 'A running application can start programs that the policy does not name.' },
    ],
  },
};
const EVERY_WAY = { byName: true, suggests: true, byCode: true, newBadge: false };
/** Its own window lies below the bar; here nothing does. */
const toChart = (page: Page): Promise<void> => page.locator('.chip-pair .chip').first().click();

/** In the order of a day: the lock, the ways in, a session, an emergency, what is out of order. */
export const SHOTS: readonly Shot[] = [
  { name: 'lock', screen: 'lock', view: lockedView },
  { name: 'lock-branded', screen: 'lock', view: () => ({ ...lockedView(), looks: BRANDED }) },
  {
    name: 'lock-in-trouble',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' },
      message: { key: 'badge.unknown', params: {}, code: 'SESSION_BADGE_UNKNOWN' },
      truth: {
        ...truth,
        connection: { state: 'offline', since: '2026-11-23T09:00:00Z' },
        keys: { protection: 'file', meaning: 'The key of this seat lies in a file.' },
        enforcement: { mode: 'degraded', missing: [{ layer: 'landlock', meaning: 'The kernel does not hold programs back.' }] },
      },
    }),
  },
  { name: 'seat-check', screen: 'lock', view: lockedView, act: (page) => page.locator('.truth-open').click() },
  {
    name: 'seat-check-in-trouble',
    screen: 'lock',
    view: () => ({ ...lockedView(), truth: IN_TROUBLE }),
    act: (page) => page.locator('.truth-open').click(),
  },
  {
    name: 'reader-unplugged',
    screen: 'lock',
    view: () => ({ ...lockedView(), truth: { ...truth, reader: { state: 'absent', name: 'Reader' } } }),
  },
  {
    name: 'reader-stopped',
    screen: 'lock',
    view: () => ({ ...lockedView(), signIn: EVERY_WAY, truth: { ...truth, reader: { state: 'stopped', name: 'Reader' } } }),
  },
  {
    name: 'reader-ghost',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      message: { key: 'badge.unreadable', params: {}, code: 'SESSION_BADGE_UNREADABLE' },
      truth: { ...truth, reader: { state: 'ghost', name: 'Reader' } },
    }),
  },
  {
    name: 'lock-new-badge',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      signIn: { ...EVERY_WAY, newBadge: true },
      message: { key: 'badge.unknown', params: {}, code: 'SESSION_BADGE_UNKNOWN' },
    }),
  },
  {
    name: 'new-badge-taken',
    screen: 'newbadge',
    view: () => ({ ...lockedView(), signIn: { ...EVERY_WAY, newBadge: true } }),
    async act(page) {
      await page.locator('.button-new-badge').click();
      await typeAsPerson(page, 'anna.reyes');
      await page.locator('.entry-steps .button-accent').click();
      await page.locator('.pin-panel').waitFor();
      await typeAsPerson(page, '271828');
      await page.locator('.key-ok').click();
      await page.locator('.new-badge-said').waitFor();
    },
  },
  {
    name: 'second-person',
    screen: 'second',
    view: () => ({
      ...lockedView(),
      phase: 'authenticating',
      prompt: { kind: 'second', person: { displayName: 'Anna Reyes', initials: 'AR' }, roles: ['Lead nurse', 'Doctor'] },
      message: { key: 'second.notAllowed', params: {}, code: 'SESSION_SECOND_NOT_ALLOWED' },
    }),
  },
  { name: 'lock-without-badge', screen: 'lock', view: () => ({ ...lockedView(), signIn: EVERY_WAY }) },
  {
    name: 'entry',
    screen: 'entry',
    view: () => ({ ...lockedView(), signIn: EVERY_WAY }),
    async act(page) {
      await page.locator('.button-entry').click();
      await typeAsPerson(page, 'an');
      await page.locator('.entry-people button').first().waitFor();
    },
  },
  {
    name: 'entry-refused',
    screen: 'entry',
    view: () => ({
      ...lockedView(),
      signIn: { ...EVERY_WAY, byName: false },
      message: { key: 'code.wait', params: { seconds: 30 }, code: 'SESSION_PIN_WAIT' },
    }),
    act: (page) => page.locator('.button-entry').click(),
  },
  { name: 'pin-begun-early', screen: 'pin', view: awaitedView, act: (page) => typeAsPerson(page, '27') },
  { name: 'pin', screen: 'pin', view: () => pinView(), act: (page) => typeAsPerson(page, '27') },
  {
    name: 'pin-wrong',
    screen: 'pin',
    view: () => ({ ...pinView({ triesLeft: 2, purpose: 'takeover' }), message: { key: 'pin.wrong', params: { tries: 2 } } }),
  },
  {
    name: 'pin-wait',
    screen: 'pin',
    view: () => ({ ...pinView({ triesLeft: 0, waitMs: 24_000 }), message: { key: 'pin.wait', params: { seconds: 24 } } }),
  },
  { name: 'launcher', screen: 'launcher', view: () => openView() },
  {
    name: 'pin-change',
    screen: 'pinchange',
    view: () => openView(),
    async act(page) {
      await page.locator('.button-pin-change').click();
      await typeAsPerson(page, '27');
    },
  },
  {
    name: 'pin-change-done',
    screen: 'pinchange',
    view: () => openView(),
    async act(page) {
      await page.locator('.button-pin-change').click();
      for (const digits of ['271828', '805917', '805917']) {
        await typeAsPerson(page, digits);
        await page.locator('.key-ok').click();
      }
      await page.locator('.pin-change [role="status"]').waitFor();
    },
  },
  {
    name: 'staff-too-old',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      message: { key: 'staff.tooOld', params: { emergency: 'works' }, code: 'SESSION_STAFF_TOO_OLD' },
      truth: { ...truth, staff: { state: 'tooOld', asOf: '2026-11-20T06:00:00Z' } },
    }),
  },
  {
    name: 'launcher-refused',
    screen: 'launcher',
    view: () => openView({ message: { key: 'app.changed', params: { app: 'Label printer' }, code: 'LAUNCH_FILE_CHANGED' } }),
  },
  ...(['launcher', 'app'] as const).flatMap((screen) =>
    (
      [
        ['download-saved', { key: 'download.saved', params: { app: 'Laboratory results', number: 3 } }],
        ['download-refused', { key: 'download.address', params: { app: 'Laboratory results' }, code: 'SEAT_DOWNLOAD_ADDRESS' }],
        ['printed', { key: 'print.sent', params: { app: 'Ward handbook' } }],
        ['not-printed', { key: 'print.frame', params: { app: 'Ward handbook' }, code: 'SEAT_PRINT_FRAME' }],
      ] as const
    ).map(
      ([name, message]): Shot => ({
        name: `${screen}-${name}`,
        screen,
        view: () => openView({ message }),
        ...(screen === 'app' ? { act: toChart } : {}),
      }),
    ),
  ),
  { name: 'launcher-ends', screen: 'launcher', view: () => openView(), act: (page) => page.locator('.button-end').click() },
  {
    name: 'signed-in-reminder',
    screen: 'launcher',
    view: () => {
      const view = openView();
      return view.session === null ? view : { ...view, session: { ...view.session, reminder: true } };
    },
  },
  {
    name: 'idle-not-believed',
    screen: 'lock',
    view: () => ({ ...lockedView(), truth: { ...truth, idle: { confidence: 'low', reason: 'osFrozen' } } }),
  },
  {
    name: 'idle-propped',
    screen: 'launcher',
    view: () => openView({ truth: { ...truth, idle: { confidence: 'low', reason: 'neverRests' } } }),
  },
  {
    name: 'procedure',
    screen: 'launcher',
    view: () => {
      const view = openView();
      const until = new Date(Date.now() + 2_530_000).toISOString();
      return view.session === null ? view : { ...view, session: { ...view.session, procedure: { offeredSeconds: 3600, until } } };
    },
  },
  {
    name: 'warning',
    screen: 'launcher',
    view: () => ({ ...openView(), phase: 'warning', warning: { remainingMs: 13_000, totalMs: 20_000 } }),
  },
  {
    name: 'blurred',
    screen: 'launcher',
    view: () => ({ ...openView(), phase: 'warning', blurred: true, warning: { remainingMs: 8_000, totalMs: 30_000 } }),
  },
  {
    name: 'question-stay',
    screen: 'launcher',
    view: () => openView({ question: { kind: 'stay', remainingMs: 7_000, totalMs: 10_000 } }),
  },
  {
    name: 'question-hand-over',
    screen: 'launcher',
    view: () =>
      openView({
        question: {
          kind: 'handOver',
          person: { displayName: 'Bernadette Oyelaran-Lindqvist', initials: 'BO' },
          remainingMs: 12_000,
          totalMs: 20_000,
        },
      }),
  },
  {
    name: 'question-hand-over-emergency',
    screen: 'launcher',
    view: () => ({
      ...breakGlassView(),
      question: { kind: 'handOver', person: { displayName: 'Bea Ode', initials: 'BO' }, remainingMs: 12_000, totalMs: 20_000 },
    }),
  },
  {
    name: 'session-ends',
    screen: 'launcher',
    view: () => {
      const view = openView();
      return view.session === null ? view : { ...view, session: { ...view.session, ends: { remainingMs: 48_000, why: 'maxAge' } } };
    },
  },
  {
    name: 'web-trouble',
    screen: 'trouble',
    web: 'rota',
    view: () =>
      openView({
        apps: [
          {
            id: 'rota',
            name: 'Rota',
            kind: 'web',
            icon: 'book',
            state: 'running',
            url: NOBODY_THERE,
            origins: [new URL(NOBODY_THERE).origin],
          },
        ],
      }),
    act: (page) => page.locator('.chip-pair .chip').click(),
  },
  { name: 'breakglass-reason', screen: 'breakglass', view: lockedView, act: (page) => page.locator('.button-emergency').click() },
  {
    name: 'breakglass-confirm',
    screen: 'breakglass',
    view: lockedView,
    async act(page) {
      await page.locator('.button-emergency').click();
      await page.locator('.emergency-steps .button-accent').click();
    },
  },
  {
    name: 'breakglass-badge',
    screen: 'badge',
    view: () => ({ ...lockedView(), phase: 'authenticating', prompt: { kind: 'badge', purpose: 'breakGlass' } }),
  },
  {
    name: 'breakglass-code',
    screen: 'badge',
    view: () => ({ ...lockedView(), phase: 'authenticating', prompt: { kind: 'badge', purpose: 'breakGlass' }, signIn: EVERY_WAY }),
    act: (page) => page.locator('.button-entry').click(),
  },
  { name: 'breakglass-session', screen: 'launcher', view: breakGlassView },
  { name: 'breakglass-alarm', screen: 'launcher', view: () => ({ ...breakGlassView(), localAlarm: { since: '2026-11-23T06:00:00Z' } }) },
  {
    name: 'breakglass-ends',
    screen: 'launcher',
    view: () => {
      const view = { ...breakGlassView(), localAlarm: { since: '2026-11-23T06:00:00Z' } };
      return view.session === null ? view : { ...view, session: { ...view.session, ends: { remainingMs: 48_000, why: 'limit' } } };
    },
  },
  { name: 'lock-alarm', screen: 'lock', view: () => ({ ...lockedView(), localAlarm: { since: '2026-11-23T06:00:00Z' } }) },
  {
    name: 'faulted',
    screen: 'faulted',
    view: () => ({ ...lockedView(), phase: 'faulted', message: { key: 'store.broken', params: {}, code: 'AUDIT_STORE_FOREIGN' } }),
  },
  {
    name: 'faulted-unenforced',
    screen: 'faulted',
    view: () => ({
      ...lockedView(),
      phase: 'faulted',
      message: { key: 'seat.unenforced', params: {}, code: 'SESSION_SEAT_UNENFORCED' },
      truth: {
        ...truth,
        enforcement: { mode: 'degraded', missing: [{ layer: 'landlock', meaning: 'Programs are not held to the policy.' }] },
      },
    }),
  },
  {
    name: 'enrolment',
    screen: 'enrolment',
    view: () => ({ ...lockedView(), phase: 'unenrolled', enrolment: { step: 'verifying', error: null } }),
  },
  {
    name: 'enrolment-failed',
    screen: 'enrolment',
    view: () => ({
      ...lockedView(),
      phase: 'unenrolled',
      enrolment: {
        step: 'failed',
        error: { code: 'ENROL_WRONG_SERVER', message: 'The server that answered is not the one that issued this token.' },
      },
    }),
  },
];
