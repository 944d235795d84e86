/** Which policy may replace which. */
import { describe, expect, test } from 'vitest';
import { judgeCandidate } from './candidate.ts';
import type { CandidateFacts } from './facts.ts';

const good: CandidateFacts = {
  tenant: 'clinic',
  version: 5,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  recipients: [
    { id: 'auditor', role: 'reader', publicKey: 'CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=' },
    { id: 'vault', role: 'escrow', publicKey: 'CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo=' },
  ],
  apps: [{ id: 'calc' }, { id: 'chart' }],
  roles: [
    { id: 'nurse', apps: ['calc', 'chart'] },
    { id: 'porter', apps: ['calc'] },
  ],
  breakGlass: { enabled: true, apps: ['chart'], reasons: [{ id: 'code-blue' }] },
};
/** The points 0 and 1 of curve25519. */
const SMALL_ORDER = ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='];
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
    [
      'whose recipient has a key of small order',
      { recipients: good.recipients.map((one, at) => ({ ...one, publicKey: SMALL_ORDER[at] ?? '' })) },
      'POLICY_MALFORMED',
    ],
    [
      'whose recipient has no key at all',
      { recipients: good.recipients.map((one, at) => ({ ...one, publicKey: at === 0 ? 'AAAA' : one.publicKey })) },
      'POLICY_MALFORMED',
    ],
    ['with emergency access into nothing', { breakGlass: { ...good.breakGlass, apps: [] } }, 'POLICY_MALFORMED'],
    ['with emergency access for no reason', { breakGlass: { ...good.breakGlass, reasons: [] } }, 'POLICY_MALFORMED'],
    ['whose rule names an unknown application', { rules: [{ id: 'r', effect: 'deny', apps: ['gone'] }] }, 'POLICY_MALFORMED'],
    ['whose rule names an unknown role', { rules: [{ id: 'r', effect: 'deny', roles: ['gone'] }] }, 'POLICY_MALFORMED'],
    ['whose rule names an unknown group of seats', { rules: [{ id: 'r', effect: 'deny', seatGroups: ['gone'] }] }, 'POLICY_MALFORMED'],
    ['whose rule is called as no rule may be', { rules: [{ id: 'breakglass', effect: 'deny' }] }, 'POLICY_MALFORMED'],
    [
      'with a rule twice',
      {
        rules: [
          { id: 'r', effect: 'deny' },
          { id: 'r', effect: 'allow' },
        ],
      },
      'POLICY_MALFORMED',
    ],
    ['that expires before it begins', { issuedAt: '2032-01-01T00:00:00Z' }, 'POLICY_MALFORMED'],
  ] satisfies ReadonlyArray<readonly [string, Partial<CandidateFacts>, string]>)('%s is refused', (_name, change, code) =>
    expect(judge(change)).toMatchObject({ outcome: 'refuse', code }),
  );
});
