/** A policy for the tests of this folder. It must never be imported by the product. */
import type { PolicyDocument } from '../../policies/schema.ts';

const native = (id: string): PolicyDocument['apps'][number] => ({
  id,
  name: `The ${id}`,
  kind: 'native',
  icon: 'app',
  path: `/usr/bin/${id}`,
  sha256: '0'.repeat(64),
  args: ['--secret'],
  env: {},
  children: [],
});

export const testDocument: PolicyDocument = {
  schema: 'wardlock-policy/1',
  tenant: 'site',
  version: 4,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  helpdesk: 'IT, 4711',
  recipients: [],
  timers: { warnAfterSeconds: 60, warningSeconds: 20, keepSeconds: 600, maxSessionSeconds: 3600, staleAfterSeconds: 60 },
  pin: { minDigits: 4, maxConsecutiveFailures: 6, firstWaitSeconds: 30 },
  apps: [
    native('calc'),
    { id: 'web', name: 'Records', kind: 'web', icon: 'web', url: 'https://a.example/', origins: ['https://a.example'] },
    native('changed'),
    { id: 'other', name: 'Other', kind: 'web', icon: 'web', url: 'https://b.example/', origins: ['https://b.example'] },
  ],
  roles: [{ id: 'nurse', name: 'Nurse', apps: ['calc', 'web', 'changed'] }],
  breakGlass: { enabled: true, needsBadge: false, limitSeconds: 900, apps: ['web'], reasons: [{ id: 'code-blue', text: 'Code blue' }] },
};
