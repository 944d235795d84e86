/** The codes of the design's table (DICOM event id and type, FHIR outcome, OCSF type), as an exporter gets them for real events. */
import { expect, test } from 'vitest';
import { codesOf } from './codes-of.ts';

const session = 'a'.repeat(32);

test.each([
  ['login', 'session.started', { session, replaces: null }, [110_114, 110_122, 0, 300_201, 1]],
  ['login failed', 'auth.refused', { reason: 'pin.wrong', triesLeft: 3 }, [110_114, 110_122, 4, 300_201, 2]],
  ['locked out', 'auth.refused', { reason: 'pin.wrong', triesLeft: 0 }, [110_114, 110_122, 8, 300_201, 2]],
  ['still locked out', 'auth.refused', { reason: 'pin.blocked', triesLeft: 0 }, [110_114, 110_122, 8, 300_201, 2]],
  ['an unknown badge', 'auth.refused', { reason: 'badge.unknown', triesLeft: 0 }, [110_114, 110_122, 4, 300_201, 2]],
  ['logout', 'session.ended', { session, reason: 'logout' }, [110_114, 110_123, 0, 300_202, 1]],
  ['automatic lock', 'session.locked', { session, reason: 'idle' }, [110_114, 110_123, 0, 300_202, 1]],
  ['unlock', 'session.unlocked', { session }, [110_114, 110_122, 0, 300_201, 1]],
  ['user switch', 'session.started', { session, replaces: session }, [110_114, 110_122, 0, 300_207, 1]],
  ['break-glass starts', 'breakglass.started', { session }, [110_113, 110_127, 0, 200_401, 1]],
  ['break-glass ends', 'breakglass.ended', { session, reason: 'limit' }, [110_113, 110_138, 0, 200_403, 1]],
  ['app starts', 'app.launched', { session }, [110_100, 110_120, 0, 100_701, 1]],
  ['app ends', 'app.exited', { session }, [110_100, 110_121, 0, 100_702, 1]],
  ['app blocked', 'app.refused', { session }, [110_113, 110_132, 4, 100_701, 2]],
  ['a page can not be shown', 'web.failed', { session }, [110_100, null, 4, 100_799, 2]],
  ['a file saved', 'download.saved', { session }, [110_100, null, 0, 100_101, 1]],
  ['a file not saved', 'download.refused', { session }, [110_113, 110_132, 4, 100_101, 2]],
  ['a page is printed', 'print.started', { session }, [110_106, null, 0, 100_799, 1]],
  ['a page was not printed', 'print.ended', { session, outcome: 'no-printer' }, [110_106, null, 4, 100_799, 2]],
  ['a page may not print', 'print.refused', { session }, [110_113, 110_132, 4, 100_701, 2]],
  ['policy changed', 'policy.applied', {}, [110_113, 110_129, 0, 501_901, 1]],
  ['user rights changed', 'directory.applied', {}, [110_113, 110_137, 0, 300_199, 1]],
  ['roles changed', 'directory.applied', { roles: 2 }, [110_113, 110_136, 0, 300_301, 1]],
  ['a device attached', 'reader.state', { state: 'ok' }, [110_113, 110_130, 0, 101_001, 1]],
  ['a device is gone', 'reader.state', { state: 'absent' }, [110_113, 110_130, 0, 501_901, 1]],
  ['node not authenticated', 'border.refused', {}, [110_113, 110_126, 8, 300_201, 2]],
  ['tamper found', 'tamper.found', {}, [110_113, 110_135, 12, 200_401, 2]],
  ['recording stopped', 'recording.stopped', { reason: 'inferred' }, [110_113, 110_133, 12, 100_807, 2]],
  ['recording started', 'recording.started', {}, [110_113, 110_134, 0, 100_806, 1]],
  ['audit log read', 'recording.read', { entries: 7 }, [110_101, null, 0, 100_803, 1]],
])('%s', (_what, type, body, [id, dcmType, outcome, typeUid, status]) => {
  expect(codesOf(type, body)).toMatchObject({ dicom: { id, type: dcmType }, outcome, ocsf: { typeUid, status } });
});

test('who asked for it: a person, or the seat by itself', () => {
  expect(codesOf('session.ended', { reason: 'logout' })?.requestor).toBe('person');
  expect(codesOf('session.locked', { reason: 'pressed' })?.requestor).toBe('person');
  expect(codesOf('session.locked', { reason: 'idle' })?.requestor).toBe('seat');
  expect(codesOf('session.ended', { reason: 'max-age' })?.requestor).toBe('seat');
  expect(codesOf('tamper.found', {})?.requestor).toBe('seat');
  expect(codesOf('app.launched', {})?.requestor).toBe('person');
});

test('what an exporter must add: purpose, roles, the logout before a switch of users', () => {
  expect(codesOf('breakglass.started', {})).toMatchObject({ purpose: 'BTG' });
  expect(codesOf('breakglass.ended', { reason: 'limit' })).toMatchObject({ purpose: 'BTG', requestor: 'seat' });
  expect(codesOf('app.launched', {})).toMatchObject({ roles: [110_150, 110_151] });
  expect(codesOf('app.exited', {})).toMatchObject({ roles: [110_150, 110_151] });
  expect(codesOf('session.started', { replaces: session })).toMatchObject({ dicomBefore: { id: 110_114, type: 110_123 } });
  expect(codesOf('session.started', { replaces: null })).not.toHaveProperty('dicomBefore');
  expect(codesOf('recording.read', {})).toMatchObject({ action: 'R', objectRole: 13, requestor: 'person' });
});

test('an unlock says so, and nothing is claimed of a type that is not known', () => {
  expect(codesOf('session.unlocked', {})?.logonType).toBe(7);
  expect(codesOf('session.hummed', {})).toBeNull();
});
