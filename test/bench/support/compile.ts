/**
 * A policy of 1,000 applications and 10,000 rules, as many as one may have, turned into fapolicyd rules and into a Chromium
 * policy. Programs are on the disk in name only: hashing them is the disk's time, not the compiler's.
 */
import { compileChromium } from '../../../policies/compile/chromium.ts';
import { compileFapolicyd, type FapolicydFacts } from '../../../policies/compile/fapolicyd.ts';
import type { PolicyDocument } from '../../../policies/schema.ts';
import { testPolicy } from '../../support/policy.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

type App = PolicyDocument['apps'][number];
type Rule = NonNullable<PolicyDocument['rules']>[number];

const APPS = 1_000;
const ROLES = 40;
const RULES = 10_000;
const ROUNDS = 15;
const GOAL_MS = 1_000;

const sha = (index: number): string => index.toString(16).padStart(64, '0');
const list = <T>(length: number, make: (index: number) => T): T[] => Array.from({ length }, (_, index) => make(index));

function app(index: number): App {
  const id = `app-${index}`;
  const head = { id, name: `Application ${index}`, icon: 'x' };
  if (index % 4 === 0) return { ...head, kind: 'web', url: `https://${id}.example/`, origins: [`https://${id}.example`] };
  return {
    ...head,
    kind: 'native',
    path: `/opt/${id}`,
    sha256: sha(index),
    args: [],
    env: {},
    children: [{ path: '/bin/sh', sha256: sha(APPS) }],
  };
}

/** By application with hours and days, by content for a role, by path for a ward and a group of seats, in turn. */
function rule(index: number): Rule {
  const effect = index % 2 === 0 ? 'allow' : 'deny';
  const id = `rule-${index}`;
  if (index % 3 === 0)
    return { id, effect, apps: [`app-${index % APPS}`], between: { from: '22:00', until: '06:00' }, days: ['mon', 'sun'] };
  if (index % 3 === 1) return { id, effect, contents: [sha(index % APPS)], roles: [`role-${index % ROLES}`] };
  return { id, effect, paths: [`/opt/app-${index % APPS}`], wards: ['icu'], seatGroups: ['bays'] };
}

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const document = testPolicy(
  1,
  { reader: key(1), escrow: key(2) },
  {
    apps: list(APPS, app),
    roles: list(ROLES, (role) => ({
      id: `role-${role}`,
      name: `Role ${role}`,
      apps: list(APPS / 4, (index) => `app-${(index * 4 + role) % APPS}`),
    })),
    rules: list(RULES, rule),
    seatGroups: [{ id: 'bays', seats: ['Bay *'] }],
  },
);
const loader = { path: '/usr/lib/ld.so', size: 1, sha256: sha(APPS + 1) };
const programs = document.apps.flatMap((one) => (one.kind === 'native' ? [one, ...one.children] : []));
const facts: FapolicydFacts = {
  ownUids: [0],
  place: {},
  uids: [1_500],
  programs: new Map(programs.map(({ path, sha256 }) => [path, { path, size: 1, sha256 }])),
  loaders: [loader],
};

/** @returns milliseconds for both engines */
function once(): number {
  const from = performance.now();
  const rules = compileFapolicyd(document, facts);
  const browser = compileChromium(document, {});
  const took = performance.now() - from;
  if (rules.leftOut.length < RULES / 2 || browser.files.length === 0) throw new Error('What leaves nothing out compiled nothing.');
  return took;
}

export function measureCompile(): BenchRow {
  const times = list(ROUNDS, once);
  const goal = { is: 'at most', value: GOAL_MS, of: 'median' } as const;
  return judge({ id: 'compile', unit: 'ms', median: median(times), p99: percentile(times, 0.99), goal });
}
