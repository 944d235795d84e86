/**
 * The demo ward's policy and staff: what IT would write for a small ward. Hashes of programs are read from this machine
 * when the clinic is made, as an author's tool would do it; nothing here is a secret of any real person.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import type { PolicyDocument } from '../policies/schema.ts';

export const TENANT = 'st-elsewhere';

export interface StaffMember {
  readonly id: string;
  readonly displayName: string;
  readonly givenName: string;
  readonly initials: string;
  readonly role: string;
  readonly badge: string;
  readonly pin: string;
}

/** Six digits each: a seat whose key lives in a file asks for no fewer. */
export const STAFF: readonly StaffMember[] = [
  { id: 'anna.reyes', displayName: 'Anna Reyes', givenName: 'Anna', initials: 'AR', role: 'nurse', badge: '04A1B2C3D4', pin: '271828' },
  { id: 'ben.okafor', displayName: 'Ben Okafor', givenName: 'Ben', initials: 'BO', role: 'nurse', badge: '04B7C8D9E0', pin: '314159' },
  {
    id: 'clara.weiss',
    displayName: 'Clara Weiss',
    givenName: 'Clara',
    initials: 'CW',
    role: 'pharmacist',
    badge: '04C3D5E7F9',
    pin: '161803',
  },
];

interface NativeCandidate {
  readonly id: string;
  readonly name: string;
  readonly icon: string;
  readonly path: string;
  readonly args: readonly string[];
}

const NATIVE: readonly NativeCandidate[] = [
  { id: 'calculator', name: 'Calculator', icon: 'calculator', path: '/usr/bin/xcalc', args: [] },
  { id: 'clock', name: 'Ward clock', icon: 'clock', path: '/usr/bin/xclock', args: ['-digital', '-update', '1'] },
];

export interface PolicyInput {
  readonly version: number;
  readonly issuedAt: Date;
  readonly handbookOrigin: string;
  readonly readerKey: string;
  readonly escrowKey: string;
  readonly warnAfterSeconds: number;
}

const DAYS = 86_400_000;

export function clinicPolicy(input: PolicyInput): PolicyDocument {
  const native = NATIVE.filter((app) => existsSync(app.path)).map((app) => {
    const path = realpathSync(app.path);
    return {
      id: app.id,
      name: app.name,
      kind: 'native' as const,
      icon: app.icon,
      path,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      args: [...app.args],
      env: {},
      children: [],
    };
  });
  const handbook = {
    id: 'handbook',
    name: 'Ward handbook',
    kind: 'web' as const,
    icon: 'book',
    url: `${input.handbookOrigin}/`,
    origins: [input.handbookOrigin],
  };
  const everyone = [...native.map((app) => app.id), handbook.id];
  return {
    schema: 'wardlock-policy/1',
    tenant: TENANT,
    version: input.version,
    issuedAt: input.issuedAt.toISOString(),
    expiresAt: new Date(input.issuedAt.getTime() + 90 * DAYS).toISOString(),
    helpdesk: 'Helpdesk, extension 4 0400',
    recipients: [
      { id: 'audit-reader', role: 'reader', publicKey: input.readerKey },
      { id: 'escrow-vault', role: 'escrow', publicKey: input.escrowKey },
    ],
    timers: {
      warnAfterSeconds: input.warnAfterSeconds,
      warningSeconds: 20,
      keepSeconds: 900,
      maxSessionSeconds: 43_200,
      procedureSeconds: 3_600,
      staleAfterSeconds: 604_800,
    },
    pin: { minDigits: 6, maxConsecutiveFailures: 10, firstWaitSeconds: 30 },
    apps: [...native, handbook],
    roles: [
      { id: 'nurse', name: 'Nurse', apps: everyone },
      // The pharmacist has no ward clock here, so that a program outside a role can be seen to be refused.
      { id: 'pharmacist', name: 'Pharmacist', apps: everyone.filter((id) => id !== 'clock') },
    ],
    breakGlass: {
      enabled: true,
      needsBadge: false,
      limitSeconds: 900,
      apps: [handbook.id],
      reasons: [
        { id: 'resuscitation', text: 'Resuscitation' },
        { id: 'badge-system-down', text: 'Badge system does not work' },
        { id: 'no-one-to-sign-in', text: 'No one here can sign in' },
      ],
    },
  };
}
