/** The taxonomy holds what the record may contain, and nothing of a patient finds a place in it. */
import { expect, test } from 'vitest';
import { Intake } from '../agent/store/intake.ts';
import { eventCodes } from './event-codes.ts';
import { type AuditEvent, events } from './events.ts';

test('every type has its class and its codes, and no code is without a type', () => {
  expect(Object.keys(eventCodes).sort()).toEqual(Object.keys(events).sort());
  for (const { dicom, ocsf } of Object.values(eventCodes)) {
    expect([110_100, 110_101, 110_106, 110_113, 110_114]).toContain(dicom.id);
    expect(ocsf.typeUid).toBeGreaterThanOrEqual(100_000);
  }
});

test('what a person must never lose is class 1', () => {
  const never = [
    'session.started',
    'session.ended',
    'session.locked',
    'session.unlocked',
    'breakglass.started',
    'breakglass.ended',
    'tamper.found',
    'policy.applied',
    'auth.refused',
  ] as const;
  expect(never.map((type) => events[type].class)).toEqual(never.map(() => 1));
});

const patient = 'Smith^Anna 1961-04-02 MRN 4711';

test.each(['windowTitle', 'document', 'clipboard', 'typed', 'patient', 'note', 'name', 'address'])(
  'a body with %s is refused at the store',
  (field) => {
    const intake = new Intake(() => 0);
    for (const [type, body] of Object.entries({
      'app.launched': { session: '0'.repeat(32), app: 'xcalc', sha256: null, rule: 'r', policyVersion: 1, mode: 'enforced' },
      'session.locked': { session: null, reason: 'idle' },
      'web.failed': { session: null, app: 'records', reason: 'certificate', count: 1 },
      'download.saved': { session: '0'.repeat(32), app: 'records', bytes: 1 },
      'download.refused': { session: null, app: 'records', reason: 'failed', count: 1 },
    })) {
      const event: unknown = JSON.parse(JSON.stringify({ type, body: { ...body, [field]: patient } }));
      expect(() => intake.admit(asGiven(event), 0)).toThrow(expect.objectContaining({ code: 'AUDIT_EVENT_REFUSED' }));
    }
  },
);

test('a denial has a place for the path of a program and none for the path of a document', () => {
  const admit = (path: string): unknown => {
    const denied = { access: 'execute', count: 1, place: 'machine', path };
    const body = { session: null, app: 'a', reason: 'denied', code: 'LAUNCH_DENIED', denied };
    return new Intake(() => 0).admit(asGiven({ type: 'app.refused', body }), 0);
  };
  expect(() => admit('/usr/bin/python3.11')).not.toThrow();
  for (const path of ['/home/wardlock/x', '/tmp/x', '/media/x', '/usr/Smith Anna', '/usr/Smith^Anna', '/var/x', 'usr/bin/x'])
    expect(() => admit(path), path).toThrow(expect.objectContaining({ code: 'AUDIT_EVENT_REFUSED' }));
});

test('an unknown type is refused at the store', () => {
  expect(() => new Intake(() => 0).admit(asGiven({ type: 'window.title', body: { title: patient } }), 0)).toThrow(
    expect.objectContaining({ code: 'AUDIT_EVENT_REFUSED' }),
  );
});

/** What a part of the agent with a mistake in it would hand over: the compiler does not see it, the store must. */
function asGiven(value: unknown): AuditEvent {
  const holder: { event: AuditEvent } = { event: { type: 'clock.stepped', body: { seconds: 0 } } };
  Object.assign(holder, { event: value });
  return holder.event;
}
