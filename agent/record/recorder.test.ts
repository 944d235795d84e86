/** What counts as recorded: the store, else the emergency log for some, else nothing but a break-glass that is kept. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { AuditLog } from './port.ts';
import { Recorder } from './recorder.ts';

const session = 'a'.repeat(32);
const started: AuditEvent = {
  type: 'session.started',
  body: { session, person: 'ada', role: 'nurse', factors: [], policyVersion: 1, replaces: null },
};
const ended: AuditEvent = { type: 'session.ended', body: { session, person: 'ada', reason: 'logout' } };
const broke: AuditEvent = {
  type: 'breakglass.started',
  body: { session, person: null, reason: 'fire', note: '', limitSeconds: 60, policyVersion: 1 },
};
const refused: AuditEvent = { type: 'auth.refused', body: { person: 'ada', reason: 'pin.wrong', triesLeft: 2, badge: null } };
const unlocked: AuditEvent = { type: 'session.unlocked', body: { session, person: 'ada', factors: [], pinPrompts: 1 } };
const connected: AuditEvent = { type: 'ui.connected', body: { build: 'unknown' } };
const silent = { info: () => {}, warn: () => {}, error: () => {} };

function setting(works: { store: boolean; emergency: boolean }) {
  const store: AuditEvent[] = [];
  const emergency: AuditEvent[] = [];
  const kept: AuditEvent[] = [];
  const log: AuditLog = {
    append: (event) => {
      if (!works.store) return Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
      store.push(event);
      return Promise.resolve({ seq: store.length });
    },
    appendEmergency: (event) => {
      if (!works.emergency) return Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
      emergency.push(event);
      return Promise.resolve();
    },
  };
  const recorder = new Recorder(silent, (event) => kept.push(event) > 0);
  return { recorder, log, store, emergency, kept };
}

describe('the recorder', () => {
  test('says of one of a flood that it was only counted to whoever depends on it, and to nobody else', async () => {
    const { recorder, log } = setting({ store: true, emergency: true });
    recorder.use({ ...log, append: () => Promise.resolve({ seq: null }) }, []);
    await expect(recorder.append(connected)).rejects.toMatchObject({ code: 'AUDIT_EVENT_COUNTED' });
    recorder.note(connected);
    await recorder.settled();
    // The record is well: it said how many there were.
    expect(recorder.broken).toBeNull();
    expect(recorder.recording).toBe(true);
  });

  test('holds what happens before there is a store, and writes it in order when there is one', async () => {
    const { recorder, log, store } = setting({ store: true, emergency: true });
    recorder.note(connected);
    await expect(recorder.append(started)).rejects.toMatchObject({ code: 'AUDIT_APPEND_FAILED' });
    recorder.use(log, [ended]);
    await recorder.settled();
    expect(store).toEqual([ended, connected]);
    expect(recorder.recording).toBe(true);
  });

  test('counts what it could not hold', async () => {
    const { recorder, log, store } = setting({ store: true, emergency: true });
    for (let i = 0; i < 300; i++) recorder.note(connected);
    recorder.use(log, []);
    await recorder.settled();
    expect(store).toHaveLength(257);
    expect(store.at(-1)).toEqual({ type: 'recording.summarised', body: { type: 'before-first-policy', count: 44 } });
  });

  test('with a full store: no login, but logout and break-glass go to the emergency log', async () => {
    const { recorder, log, emergency } = setting({ store: false, emergency: true });
    recorder.use(log, []);
    await expect(recorder.append(started)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    expect(await recorder.append(ended)).toBe('emergency');
    expect(await recorder.append(broke)).toBe('emergency');
    expect(emergency).toEqual([ended, broke]);
    await recorder.settled();
    expect(recorder).toMatchObject({ broken: 'AUDIT_STORE_FULL', recording: true });
  });

  test('with a full store each refused sign-in is in the emergency log, and a sign-in and an unlock are in none', async () => {
    const { recorder, log, emergency } = setting({ store: false, emergency: true });
    recorder.use(log, []);
    recorder.note(refused);
    recorder.note(refused);
    await expect(recorder.append(unlocked)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    await recorder.settled();
    expect(emergency).toEqual([refused, refused]);
  });

  test('with no log at all: only a break-glass goes on, kept for later, and the seat knows', async () => {
    const { recorder, log, kept } = setting({ store: false, emergency: false });
    recorder.use(log, []);
    await expect(recorder.append(ended)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    expect(await recorder.append(broke)).toBe('unrecorded');
    expect(kept).toEqual([broke]);
    await recorder.settled();
    expect(recorder.recording).toBe(false);
  });
});
