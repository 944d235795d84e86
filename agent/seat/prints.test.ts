/** Who may print: recorded before it is done, bounded, and told for a while. */
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { Recorder } from '../record/recorder.ts';
import { PRINT_MESSAGE_MS, PRINTS_LIMIT, PRINTS_WINDOW_MS, SessionPrints } from './prints.ts';
import { session } from './test-apps.ts';
import { testDocument } from './test-document.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

function world(print = true) {
  const state = {
    recorded: [] as AuditEvent[],
    open: session as OpenSession | null,
    running: 'running' as 'running' | undefined,
    nowMs: 0,
    write: async (): Promise<{ seq: number | null }> => ({ seq: 1 }),
  };
  const recorder = new Recorder(silent, () => false);
  recorder.use(
    {
      append: async (event) => {
        const written = await state.write();
        if (written.seq !== null) state.recorded.push(event);
        return written;
      },
      appendEmergency: () => Promise.reject(new Error('not here')),
    } as Parameters<Recorder['use']>[0],
    [],
  );
  const apps = testDocument.apps.map((app) => (app.kind === 'web' ? { ...app, print } : app));
  const prints = new SessionPrints({
    recorder,
    clock: { bootId: 'boot', bootMs: () => state.nowMs, wallMs: () => 0 },
    snapshot: () => ({ document: { ...testDocument, apps }, version: 4, sha256: '0'.repeat(64), expiresWallMs: Number.MAX_SAFE_INTEGER }),
    openSession: () => state.open,
    apps: { stateOf: () => state.running, recordable: (id) => id },
    onChanged: () => {},
  });
  const told = () => state.recorded.map(({ type, body }) => [type, 'reason' in body ? body.reason : 'outcome' in body ? body.outcome : '']);
  return { state, prints, recorder, told };
}

test('what may print is recorded first, and how it went after; the screen says it for a while', async () => {
  const { state, prints, recorder } = world();
  expect(await prints.ask('web', 'page')).toBe(true);
  expect(state.recorded).toEqual([{ type: 'print.started', body: { session: session.id, app: 'web' } }]);
  prints.ended('web', 'no-printer');
  prints.ended('web', 'sent');
  await recorder.settled();
  expect(state.recorded.slice(1)).toEqual([{ type: 'print.ended', body: { session: session.id, app: 'web', outcome: 'no-printer' } }]);
  expect(prints.message).toMatchObject({ key: 'print.noPrinter' });
  state.nowMs += PRINT_MESSAGE_MS;
  expect(prints.message).toBeNull();
});

test.each([
  ['locked', 'page', () => ({ open: null })],
  ['not-running', 'page', () => ({ running: undefined })],
  ['frame', 'frame', () => ({})],
] as const)('%s: nothing is printed, and the record says why', async (reason, part, change) => {
  const { state, prints, recorder, told } = world();
  Object.assign(state, change());
  expect(await prints.ask('web', part)).toBe(false);
  await recorder.settled();
  expect(told()).toEqual([['print.refused', reason]]);
});

test.each(['web', 'calc', 'nowhere'])('%s may not print where the policy does not let it', async (appId) => {
  const { prints, recorder, told } = world(false);
  expect(await prints.ask(appId, 'page')).toBe(false);
  await recorder.settled();
  expect(told()).toEqual([['print.refused', 'not-allowed']]);
  expect(prints.message).toMatchObject({ key: 'print.notAllowed' });
});

test('what can’t be recorded is not printed, and the screen says so', async () => {
  const { state, prints } = world();
  state.write = () => Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
  expect(await prints.ask('web', 'page')).toBe(false);
  expect(prints.message).toMatchObject({ key: 'store.full' });
});

test('what the record only counted is not printed', async () => {
  const { state, prints } = world();
  state.write = async () => ({ seq: null });
  expect(await prints.ask('web', 'page')).toBe(false);
});

test('what was recorded while the seat locked is not printed', async () => {
  const { state, prints, recorder, told } = world();
  state.write = async () => {
    state.open = null;
    return { seq: 1 };
  };
  expect(await prints.ask('web', 'page')).toBe(false);
  await recorder.settled();
  expect(told()).toEqual([
    ['print.started', ''],
    ['print.ended', 'locked'],
  ]);
});

test('a print that the screens took with them ends as unknown, once, and the person hears of it on coming back, nobody else', async () => {
  const { state, prints, recorder, told } = world();
  expect(await prints.ask('web', 'page')).toBe(true);
  const before = state.open;
  state.open = null;
  prints.screensLost();
  prints.screensLost();
  // Of new screens nothing is believed about it.
  prints.ended('web', 'sent');
  await recorder.settled();
  expect(told()).toEqual([
    ['print.started', ''],
    ['print.ended', 'unknown'],
  ]);
  expect(prints.message).toBeNull();
  state.open = before;
  prints.opened(before?.id ?? '');
  expect(prints.message).toMatchObject({ key: 'print.unknown' });
  prints.opened('b'.repeat(32));
});

test('a print that ended with its screens is told to nobody else', async () => {
  const { prints } = world();
  await prints.ask('web', 'page');
  prints.screensLost();
  prints.opened('b'.repeat(32));
  expect(prints.message).toBeNull();
});

test('a session prints so often and no more, until the window is over', async () => {
  const { state, prints } = world();
  for (let time = 0; time < PRINTS_LIMIT; time += 1) expect(await prints.ask('web', 'page')).toBe(true);
  expect(await prints.ask('web', 'page')).toBe(false);
  expect(prints.message).toMatchObject({ key: 'print.tooMany' });
  state.nowMs += PRINTS_WINDOW_MS;
  expect(await prints.ask('web', 'page')).toBe(true);
});
