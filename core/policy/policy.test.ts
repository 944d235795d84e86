/** Which policy may replace which, and which application a session may start. */
import { describe, expect, test } from 'vitest';
import { type CandidateFacts, judgeCandidate } from './candidate.ts';
import { allowedApps, decide } from './decide.ts';

const good: CandidateFacts = {
  tenant: 'clinic',
  version: 5,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  recipients: [
    { id: 'auditor', role: 'reader', publicKey: 'AAAA' },
    { id: 'vault', role: 'escrow', publicKey: 'BBBB' },
  ],
  apps: [{ id: 'calc' }, { id: 'chart' }],
  roles: [
    { id: 'nurse', apps: ['calc', 'chart'] },
    { id: 'porter', apps: ['calc'] },
  ],
  breakGlass: { enabled: true, apps: ['chart'], reasons: [{ id: 'code-blue' }] },
};
const inForce = { tenant: 'clinic', version: 4, sha256: 'old' };
const now = Date.parse('2030-06-01T00:00:00Z');
const judge = (change: Partial<CandidateFacts>, sha256 = 'new') =>
  judgeCandidate({ document: { ...good, ...change }, sha256 }, inForce, now);

describe('a candidate', () => {
  test('that is newer and whole is applied', () => expect(judge({})).toEqual({ outcome: 'apply' }));
  test('that is the one in force changes nothing', () => expect(judge({ version: 4 }, 'old')).toEqual({ outcome: 'unchanged' }));
  test.each([
    ['of another tenant', { tenant: 'other' }, 'POLICY_WRONG_TENANT'],
    ['that is older', { version: 3 }, 'POLICY_OLDER'],
    ['of the same version with other content', { version: 4 }, 'POLICY_OLDER'],
    ['that has expired', { expiresAt: '2030-05-31T00:00:00Z' }, 'POLICY_EXPIRED'],
    ['without applications', { apps: [] }, 'POLICY_EMPTY'],
    ['without roles', { roles: [] }, 'POLICY_EMPTY'],
    ['that gives nobody anything', { roles: [{ id: 'nurse', apps: [] }] }, 'POLICY_EMPTY'],
    ['whose role names an unknown application', { roles: [{ id: 'nurse', apps: ['gone'] }] }, 'POLICY_MALFORMED'],
    ['with an id twice', { apps: [{ id: 'calc' }, { id: 'chart' }, { id: 'calc' }] }, 'POLICY_MALFORMED'],
    ['whose record nobody could read', { recipients: good.recipients.slice(1) }, 'POLICY_MALFORMED'],
    ['without an escrow', { recipients: good.recipients.slice(0, 1) }, 'POLICY_MALFORMED'],
    ['whose recipients share a key', { recipients: good.recipients.map((one) => ({ ...one, publicKey: 'AAAA' })) }, 'POLICY_MALFORMED'],
    ['with emergency access into nothing', { breakGlass: { ...good.breakGlass, apps: [] } }, 'POLICY_MALFORMED'],
    ['with emergency access for no reason', { breakGlass: { ...good.breakGlass, reasons: [] } }, 'POLICY_MALFORMED'],
    ['that expires before it begins', { issuedAt: '2032-01-01T00:00:00Z' }, 'POLICY_MALFORMED'],
  ])('%s is refused', (_name, change, code) => expect(judge(change)).toMatchObject({ outcome: 'refuse', code }));
});

describe('a decision', () => {
  const nurse = { kind: 'person', role: 'nurse' } as const;
  test('allows what the role names, and says by which rule of which version', () =>
    expect(decide({ appId: 'chart', session: nurse }, good)).toEqual({
      effect: 'allow',
      reason: 'rule',
      ruleId: 'role:nurse',
      generation: 5,
    }));
  test.each([
    ['nobody is signed in', 'calc', null, 'no-session'],
    ['the policy has no such application', 'shell', nurse, 'app-unknown'],
    ['the role lacks it', 'chart', { kind: 'person', role: 'porter' } as const, 'role-lacks-app'],
    ['the role is unknown', 'calc', { kind: 'person', role: 'ghost' } as const, 'role-unknown'],
    ['emergency access does not open it', 'calc', { kind: 'breakglass' } as const, 'breakglass-lacks-app'],
  ])('denies when %s', (_name, appId, session, reason) =>
    expect(decide({ appId, session }, good)).toMatchObject({ effect: 'deny', reason }),
  );
  test('lists exactly what it would allow', () =>
    expect(allowedApps({ kind: 'breakglass' }, good.apps, good).map((app) => app.id)).toEqual(['chart']));
});
