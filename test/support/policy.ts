/** A small valid policy for tests, as JSON text. */
import type { PolicyDocument } from '../../policies/schema.ts';

export function testPolicy(
  version: number,
  keys: { readonly reader: string; readonly escrow: string },
  change: Partial<PolicyDocument> = {},
): PolicyDocument {
  return {
    schema: 'wardlock-policy/1',
    tenant: 'site',
    version,
    issuedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2099-01-01T00:00:00Z',
    helpdesk: 'IT, 4711',
    recipients: [
      { id: 'reader', role: 'reader', publicKey: keys.reader },
      { id: 'escrow', role: 'escrow', publicKey: keys.escrow },
    ],
    timers: { warnAfterSeconds: 120, warningSeconds: 20, keepSeconds: 600, maxSessionSeconds: 3600, staleAfterSeconds: 86_400 },
    pin: { minDigits: 4, maxConsecutiveFailures: 5, firstWaitSeconds: 30 },
    apps: [{ id: 'web', name: 'Records', kind: 'web', icon: 'web', url: 'http://127.0.0.1/', origins: ['http://127.0.0.1'] }],
    roles: [{ id: 'nurse', name: 'Nurse', apps: ['web'] }],
    breakGlass: { enabled: true, needsBadge: false, limitSeconds: 900, apps: ['web'], reasons: [{ id: 'emergency', text: 'Emergency' }] },
    ...change,
  };
}
