/**
 * Whether a policy that was just received may replace the one in force. Each refusal has its code; a refusal leaves
 * everything as it is. It judges a document whose signature and schema were checked before.
 */
import { fromBase64 } from '../audit/bytes.ts';
import { isX25519PublicKey } from '../audit/key-check.ts';
import type { ErrorCode } from '../errors/index.ts';
import type { CandidateFacts, Contradiction } from './facts.ts';
import { NO_MACHINE, neverBrick, type OwnPrograms } from './never-brick.ts';

export interface InForce {
  readonly tenant: string;
  /** 0 when there is none yet. */
  readonly version: number;
  /** SHA-256 of the payload in force, hexadecimal; empty when there is none. */
  readonly sha256: string;
}

export type CandidateVerdict =
  | { readonly outcome: 'apply' }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refuse'; readonly code: ErrorCode; readonly message: string };

const refuse = (code: ErrorCode, message: string): CandidateVerdict => ({ outcome: 'refuse', code, message });

/**
 * Whether a policy whose signature was checked may come into force, and under which code it is refused otherwise.
 * @param candidate the document and the SHA-256 of its bytes
 * @param wallMs the seat's wall clock, for expiry only
 * @param own the seat's own parts as they are on this machine
 */
export function judgeCandidate(
  candidate: { readonly document: CandidateFacts; readonly sha256: string },
  inForce: InForce,
  wallMs: number,
  own: () => OwnPrograms = () => NO_MACHINE,
): CandidateVerdict {
  const { document, sha256 } = candidate;
  if (document.tenant !== inForce.tenant) {
    return refuse('POLICY_WRONG_TENANT', `The policy belongs to ${document.tenant}, this seat to ${inForce.tenant}.`);
  }
  if (sha256 === inForce.sha256) return { outcome: 'unchanged' };
  if (document.version <= inForce.version) {
    return refuse('POLICY_OLDER', `The policy has version ${document.version}; version ${inForce.version} is in force.`);
  }
  if (Date.parse(document.expiresAt) <= wallMs) return refuse('POLICY_EXPIRED', `The policy expired at ${document.expiresAt}.`);
  const empty = emptiness(document);
  if (empty !== null) return refuse('POLICY_EMPTY', empty);
  const broken = contradictions(document)[0];
  if (broken !== undefined) return refuse('POLICY_MALFORMED', broken.message);
  const bricked = neverBrick(document, own)[0];
  return bricked === undefined ? { outcome: 'apply' } : refuse('POLICY_BRICKS', bricked.message);
}

/** Why this policy would leave a seat with nothing to do, or null when it would not. */
export function emptiness({ apps, roles, rules = [] }: Pick<CandidateFacts, 'apps' | 'roles' | 'rules'>): string | null {
  if (apps.length === 0) return 'The policy names no application.';
  if (roles.length === 0) return 'The policy names no role.';
  if (roles.every((role) => role.apps.length === 0) && rules.every(({ effect }) => effect === 'deny'))
    return 'The policy gives no role any application.';
  return null;
}

/**
 * What would brick or blind a seat although the schema allows it: names that lead nowhere, a record that nobody or only
 * one party could read, an emergency access without a way through it.
 */
export function contradictions(document: CandidateFacts): readonly Contradiction[] {
  return [
    ...repeated(document),
    ...danglingApps(document),
    ...danglingRules(document),
    ...danglingScopes(document),
    ...unreadableRecord(document),
    ...deadBreakGlass(document),
    ...wrongDates(document),
  ];
}

function repeated(document: CandidateFacts): readonly Contradiction[] {
  const { apps, roles, recipients, rules = [], seatGroups = [], overrides = [] } = document;
  const lists = { apps, roles, recipients, rules, seatGroups, overrides };
  return Object.entries(lists).flatMap(([list, entries]) =>
    entries.flatMap(({ id }, index): readonly Contradiction[] =>
      entries.findIndex((other) => other.id === id) === index
        ? []
        : [{ path: [list, index, 'id'], message: `The id ${id} stands twice in ${list}.` }],
    ),
  );
}

function danglingApps(document: CandidateFacts): readonly Contradiction[] {
  const known = new Set(document.apps.map((app) => app.id));
  const missing = (ids: readonly string[], path: readonly (string | number)[], whose: string): readonly Contradiction[] =>
    ids.flatMap((id, index) =>
      known.has(id) ? [] : [{ path: [...path, index], message: `${whose} names the application ${id}, which apps does not have.` }],
    );
  return [
    ...document.roles.flatMap((role, index) => missing(role.apps, ['roles', index, 'apps'], `Role ${role.id}`)),
    ...missing(document.breakGlass.apps, ['breakGlass', 'apps'], 'Emergency access'),
  ];
}

/** A rule that names what is not there restricts nothing, or allows what nobody meant. */
function danglingRules({ apps, roles, rules = [], seatGroups = [] }: CandidateFacts): readonly Contradiction[] {
  const known = { apps: idsOf(apps), roles: idsOf(roles), seatGroups: idsOf(seatGroups) };
  return rules.flatMap((rule, index) => [
    ...(RESERVED.has(rule.id) ? [{ path: ['rules', index, 'id'], message: `The id ${rule.id} is Wardlock's own. Choose another.` }] : []),
    ...(['apps', 'roles', 'seatGroups'] as const).flatMap((field) =>
      (rule[field] ?? []).flatMap((id, at) =>
        known[field].has(id)
          ? []
          : [{ path: ['rules', index, field, at], message: `Rule ${rule.id} names ${id}, which ${field} does not have.` }],
      ),
    ),
  ]);
}

/** The same of overrides, and of groups in sign-in rules; their roles are a matter of who may come in at all. */
function danglingScopes({ roles, seatGroups = [], overrides = [], signIn }: CandidateFacts): readonly Contradiction[] {
  const known = { roles: idsOf(roles), seatGroups: idsOf(seatGroups) };
  const missing = (field: 'roles' | 'seatGroups', ids: readonly string[] = [], path: readonly (string | number)[], whose: string) =>
    ids.flatMap((id, at): readonly Contradiction[] =>
      known[field].has(id) ? [] : [{ path: [...path, field, at], message: `${whose} names ${id}, which ${field} does not have.` }],
    );
  return [
    ...overrides.flatMap((one, index) => [
      ...missing('roles', one.roles, ['overrides', index], `Override ${one.id}`),
      ...missing('seatGroups', one.seatGroups, ['overrides', index], `Override ${one.id}`),
    ]),
    ...(signIn?.rules ?? []).flatMap((rule, index) => missing('seatGroups', rule.seatGroups, ['signIn', 'rules', index], 'A sign-in rule')),
  ];
}

/** What a decision says when no rule of the document decided. */
const RESERVED = new Set(['default', 'breakglass']);

function idsOf(list: ReadonlyArray<{ readonly id: string }>): ReadonlySet<string> {
  return new Set(list.map(({ id }) => id));
}

function unreadableRecord({ recipients }: CandidateFacts): readonly Contradiction[] {
  const has = (role: string): boolean => recipients.some((recipient) => recipient.role === role);
  if (!has('reader')) return [{ path: ['recipients'], message: 'No recipient is a reader: nobody could read the record.' }];
  if (!has('escrow')) return [{ path: ['recipients'], message: 'No recipient is an escrow: a lost reader key would lose the record.' }];
  const keys = new Set(recipients.map((recipient) => recipient.publicKey));
  if (keys.size !== recipients.length) return [{ path: ['recipients'], message: 'Two recipients share one key.' }];
  return recipients.flatMap(({ id, publicKey }, index) =>
    isX25519PublicKey(fromBase64(publicKey) ?? new Uint8Array())
      ? []
      : [
          {
            path: ['recipients', index, 'publicKey'],
            message: `The key of recipient ${id} is no X25519 public key, or one that is not safe.`,
          },
        ],
  );
}

function deadBreakGlass({ breakGlass }: CandidateFacts): readonly Contradiction[] {
  if (!breakGlass.enabled) return [];
  if (breakGlass.reasons.length === 0)
    return [{ path: ['breakGlass', 'reasons'], message: 'Emergency access is on but offers no reason to choose.' }];
  return breakGlass.apps.length === 0
    ? [{ path: ['breakGlass', 'apps'], message: 'Emergency access is on but opens no application.' }]
    : [];
}

function wrongDates({ issuedAt, expiresAt }: CandidateFacts): readonly Contradiction[] {
  return Date.parse(issuedAt) < Date.parse(expiresAt) ? [] : [{ path: ['expiresAt'], message: 'The policy expires before it was issued.' }];
}
