import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppView, SeatView } from '../contract/seat-view.ts';
import { USUAL_RHYTHM } from '../core/reader/wedge.ts';
import { initialState, isOpen, pictureOf, type SeatChange, type SeatState, step, visibleApp } from './picture.ts';

const DISPLAY = { locale: 'en', theme: 'auto', textPercent: 100 } as const;
const app = (id: string, state: AppView['state'] = 'running'): AppView => ({ id, name: id, kind: 'native', icon: id, state });

function view(generation: number, phase: SeatView['phase'], more: Partial<SeatView> = {}): SeatView {
  const session: SeatView['session'] = {
    id: 'a'.repeat(32),
    kind: 'person',
    person: { id: 'anna', displayName: 'Anna', givenName: 'Anna', initials: 'A', roleName: 'Nurse' },
    startedAt: '2026-11-23T06:00:00Z',
    lastLogin: null,
    policyVersion: 1,
    pinRule: null,
    reminder: false,
    procedure: { offeredSeconds: 0, until: null },
    ends: null,
    recorded: true,
  };
  return {
    generation,
    seat: { name: 'Bay 4', wardName: 'Ward', helpdesk: '' },
    looks: { languages: ['en', 'de'], siteName: null, helpdeskLine: null, accent: 'petrol' },
    phase,
    prompt: null,
    session: phase === 'open' || phase === 'warning' ? session : null,
    apps: [app('calculator'), app('clock')],
    kept: null,
    warning: null,
    blurred: false,
    question: null,
    localAlarm: null,
    breakGlass: { available: false, needsBadge: false, limitSeconds: 0, reasons: [] },
    wedge: USUAL_RHYTHM,
    signIn: { byName: false, suggests: false, byCode: false, newBadge: false },
    message: null,
    enrolment: null,
    truth: {
      reader: { state: 'ok', name: 'r' },
      connection: { state: 'online', since: null },
      storage: { state: 'ok', daysLeft: 1, unreceipted: 0 },
      policy: { state: 'active', version: 1 },
      keys: { protection: 'file', meaning: '' },
      staff: { state: 'fresh', asOf: null },
      idle: { confidence: 'full', reason: null },
      enforcement: { mode: 'enforced', missing: [] },
    },
    practice: false,
    ...more,
  };
}

const play = (...changes: readonly SeatChange[]): SeatState => changes.reduce(step, initialState('kiosk', DISPLAY, 0));
const up: SeatChange = { kind: 'link', link: 'up', at: 1 };
const open: SeatChange = { kind: 'view', view: view(1, 'open') };

describe('what the seat shows', () => {
  it('is locked until a living agent says that it is open', () => {
    expect(isOpen(play())).toBe(false);
    expect(isOpen(play(open))).toBe(false);
    expect(isOpen(play(up))).toBe(false);
    expect(isOpen(play(up, open))).toBe(true);
    expect(isOpen(play(up, { kind: 'view', view: view(1, 'open', { session: null }) }))).toBe(false);
  });

  it('forgets the last view when the agent is away, and does not take it from the dead', () => {
    const away = play(up, open, { kind: 'link', link: 'away', at: 9 });
    expect(away.view).toBeNull();
    expect(pictureOf(away, 1, 20)).toMatchObject({ link: 'away', linkForMs: 11, view: null, front: null });
    expect(isOpen(step(away, open))).toBe(false);
    expect(isOpen(step(away, up))).toBe(false);
  });

  it('tells of a web app that can’t be seen in its place, and forgets it with the app and with the session', () => {
    const trouble = { kind: 'unreachable', code: 'ERR_CONNECTION_REFUSED', retrying: false } as const;
    const failed = play(up, open, { kind: 'show', appId: 'clock' }, { kind: 'trouble', appId: 'clock', trouble });
    expect(visibleApp(failed)).toBeNull();
    expect(pictureOf(failed, 1, 2)).toMatchObject({ front: 'clock', trouble });
    expect(pictureOf(step(failed, { kind: 'show', appId: null }), 1, 2)).toMatchObject({ front: null, trouble: null });
    expect(visibleApp(step(failed, { kind: 'show', appId: 'calculator' }))?.id).toBe('calculator');
    expect(visibleApp(step(failed, { kind: 'trouble', appId: 'clock', trouble: null }))?.id).toBe('clock');
    expect(pictureOf(step(failed, { kind: 'predictLock' }), 1, 2)).toMatchObject({ front: null, trouble: null });
    const starting = step(failed, { kind: 'view', view: view(2, 'open', { apps: [app('clock', 'starting')] }) });
    expect(pictureOf(step(starting, { kind: 'launched', appId: 'clock' }), 1, 2)).toMatchObject({ front: null, trouble: null });
    const running = step(step(starting, { kind: 'launched', appId: 'clock' }), { kind: 'view', view: view(3, 'open') });
    expect(pictureOf(running, 1, 2)).toMatchObject({ front: 'clock', trouble });
    const closed = step(failed, { kind: 'view', view: view(2, 'open', { apps: [app('calculator')] }) });
    expect(closed.troubles.size).toBe(0);
    const next = { ...view(2, 'open').session, id: 'b'.repeat(32) } as NonNullable<SeatView['session']>;
    expect(step(failed, { kind: 'view', view: view(2, 'open', { session: next }) }).troubles.size).toBe(0);
  });

  it('looks as a person chose until their session ends, and speaks the policy’s first language else', () => {
    const looks = { languages: ['de', 'en'], siteName: null, helpdeskLine: null, accent: 'petrol' } satisfies SeatView['looks'];
    const german = play(up, { kind: 'view', view: view(1, 'open', { looks }) });
    expect(pictureOf(german, 1, 2).display).toEqual({ ...DISPLAY, locale: 'de' });
    const chosen = step(german, { kind: 'display', display: { ...german.display, locale: 'en', textPercent: 150 } });
    expect(chosen.display).toEqual({ ...DISPLAY, textPercent: 150 });
    const ended = step(chosen, { kind: 'view', view: view(2, 'locked', { looks }) });
    expect(ended.display).toEqual({ ...DISPLAY, locale: 'de' });
    expect(step(german, { kind: 'view', view: view(2, 'open', { looks }) }).display).toBe(german.display);
  });

  it('predicts a lock until the agent has spoken', () => {
    const predicted = play(up, open, { kind: 'predictLock' });
    expect(isOpen(predicted)).toBe(false);
    // On its way when the lock was asked for: an application ended, a minute went by.
    expect(isOpen(step(predicted, { kind: 'view', view: view(2, 'open') }))).toBe(false);
    const taken = step(predicted, { kind: 'lockAnswered', taken: true });
    expect(isOpen(taken)).toBe(false);
    expect(isOpen(step(taken, { kind: 'view', view: view(2, 'open') }))).toBe(true);
    const locked = step(predicted, { kind: 'view', view: view(2, 'locked') });
    expect(locked.predicted).toBeNull();
    expect(step(locked, { kind: 'lockAnswered', taken: true })).toBe(locked);
    expect(isOpen(step(predicted, { kind: 'lockAnswered', taken: false }))).toBe(true);
  });

  it('brings a started app to the front once it runs, and the launcher back when it ends', () => {
    const starting = view(1, 'open', { apps: [app('calculator', 'starting')] });
    let state = play(up, { kind: 'view', view: starting }, { kind: 'launched', appId: 'calculator' });
    expect(visibleApp(state)).toBeNull();
    state = step(state, { kind: 'view', view: view(2, 'open') });
    expect(visibleApp(state)).toEqual({ id: 'calculator', kind: 'native' });
    expect(visibleApp(step(state, { kind: 'view', view: view(3, 'open', { apps: [app('clock')] }) }))).toBeNull();
    expect(visibleApp(step(state, { kind: 'show', appId: null }))).toBeNull();
    expect(visibleApp(step(state, { kind: 'show', appId: 'shell' }))).toBeNull();
  });

  it('gives the same person the work back as it was, and another person nothing of it', () => {
    const working = play(up, open, { kind: 'show', appId: 'clock' });
    const locked = step(working, { kind: 'view', view: view(2, 'locked', { kept: { initials: 'A', until: '2026-11-23T09:00:00Z' } }) });
    expect(visibleApp(locked)).toBeNull();
    expect(visibleApp(step(locked, { kind: 'view', view: view(3, 'open') }))?.id).toBe('clock');
    const other = view(3, 'open');
    const session = other.session === null ? null : { ...other.session, id: 'b'.repeat(32) };
    expect(visibleApp(step(locked, { kind: 'view', view: { ...other, session } }))).toBeNull();
  });

  it('never shows an app unless the agent’s present word is an open session, whatever happens in whatever order', () => {
    const phases = ['unenrolled', 'locked', 'authenticating', 'open', 'warning', 'faulted'] as const;
    const change: fc.Arbitrary<SeatChange> = fc.oneof(
      fc.record({
        kind: fc.constant('link' as const),
        link: fc.constantFrom('connecting', 'up', 'away', 'hung', 'refused'),
        at: fc.nat(1000),
      }),
      fc.record({
        kind: fc.constant('view' as const),
        view: fc.tuple(fc.nat(20), fc.constantFrom(...phases)).map(([n, phase]) => view(n, phase)),
      }),
      fc.constant({ kind: 'predictLock' as const }),
      fc.record({ kind: fc.constant('lockAnswered' as const), taken: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('launched' as const, 'show' as const), appId: fc.constantFrom('calculator', 'clock', 'shell') }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        let state = initialState('kiosk', DISPLAY, 0);
        for (const next of changes) {
          state = step(state, next);
          const mayBeSeen = state.link === 'up' && state.predicted === null && ['open', 'warning'].includes(state.view?.phase ?? '');
          if (visibleApp(state) !== null) expect(mayBeSeen).toBe(true);
          if (state.link !== 'up') expect(pictureOf(state, 0, 0).view).toBeNull();
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('opens for no view between a lock that was asked for and the answer, whatever else happens', () => {
    const other: fc.Arbitrary<SeatChange> = fc.oneof(
      fc
        .tuple(fc.nat(20), fc.constantFrom('open' as const, 'warning' as const))
        .map(([n, phase]) => ({ kind: 'view' as const, view: view(n, phase) })),
      fc.constant({ kind: 'predictLock' as const }),
      fc.record({ kind: fc.constantFrom('launched' as const, 'show' as const), appId: fc.constantFrom('calculator', 'clock') }),
    );
    fc.assert(
      fc.property(fc.array(other, { maxLength: 20 }), (others) => {
        let state = play(up, open, { kind: 'predictLock' });
        for (const next of others) {
          state = step(state, next);
          expect(isOpen(state)).toBe(false);
          expect(visibleApp(state)).toBeNull();
        }
        expect(isOpen(step(state, { kind: 'lockAnswered', taken: false }))).toBe(true);
      }),
    );
  });
});
