/** What an engine loses that knows programs or addresses, but nobody's role, no ward, no hour and no seat. Pure. */
import { CONDITIONS, type Condition } from '../../core/decision/rule.ts';
import type { PolicyDocument } from '../schema.ts';
import type { Reach } from './reach.ts';
import type { LeftOut, Place } from './result.ts';

type App = PolicyDocument['apps'][number];

const WORDS: Readonly<Record<Condition, string>> = {
  roles: 'roles',
  wards: 'wards',
  seatGroups: 'groups of seats',
  days: 'days',
  between: 'hours',
};

/** One sentence for each application that is given to more people than the policy means, and one for each conditional rule. */
export function lostConditions(engine: string, document: PolicyDocument, apps: readonly App[], place: Place): readonly LeftOut[] {
  const compiled = new Set(apps.map(({ id }) => id));
  const lists = document.roles.filter((role) => role.apps.some((id) => compiled.has(id)));
  const roles = lists.map((role): LeftOut => {
    const listed = new Set(role.apps);
    const names = apps.filter(({ id }) => listed.has(id)).map(({ name }) => name);
    return {
      path: `/roles/${document.roles.indexOf(role)}`,
      sentence: `${engine} knows no roles: what ${role.name} may start (${names.join(', ')}) is open to everybody at such a seat.`,
    };
  });
  const settled = new Set<Condition>([
    ...(place.ward === undefined ? [] : (['wards'] as const)),
    ...(place.seat === undefined ? [] : (['seatGroups'] as const)),
  ]);
  const rules = (document.rules ?? []).flatMap((rule, index): readonly LeftOut[] => {
    const lost = CONDITIONS.filter((condition) => rule[condition] !== undefined && !settled.has(condition)).map(
      (condition) => WORDS[condition],
    );
    if (lost.length === 0) return [];
    const effect =
      rule.effect === 'deny' ? 'it denies nothing there' : 'what it allows is allowed always, where nothing denies it for good';
    return [{ path: `/rules/${index}`, sentence: `Rule ${rule.id}: ${engine} knows no ${lost.join(' and no ')}, so ${effect}.` }];
  });
  return [...roles, ...rules];
}

/** Applications that nobody may ever start are in no engine's file; whoever wrote them should know. */
export function neverStarted(apps: readonly App[], reach: ReadonlyMap<string, Reach>, all: readonly App[]): readonly LeftOut[] {
  return apps.flatMap((app): readonly LeftOut[] => {
    const found = reach.get(app.id);
    if (found?.witness !== null && found !== undefined) return [];
    const why = found?.gaveUp === true ? 'its rules are too many to find out who may start it' : 'nobody may start it at any time';
    return [{ path: `/apps/${all.indexOf(app)}`, sentence: `${app.name} is not allowed: ${why}.` }];
  });
}

/** Fields of an application that only the seat itself can hold to, and what becomes of it elsewhere. */
const SEATS_OWN = {
  scripts: 'checks no script that an interpreter reads, so it runs any',
  workingFolder: 'sets no working folder',
  oneInstance: 'counts no instances',
  onLock: 'knows no lock of the seat, so the application works on behind it',
} as const;
export type SeatsOwn = keyof typeof SEATS_OWN;

/** One sentence for each such field that an application has. */
export function lostOptions(
  engine: string,
  document: PolicyDocument,
  apps: readonly App[],
  fields: readonly SeatsOwn[],
): readonly LeftOut[] {
  return apps.flatMap((app) => {
    const given = new Set(Object.keys(app));
    return fields
      .filter((field) => given.has(field))
      .map((field) => ({
        path: `/apps/${document.apps.indexOf(app)}/${field}`,
        sentence: `${app.name}: ${engine} ${SEATS_OWN[field]}.`,
      }));
  });
}

/** What a policy says of the seat as a whole, where no engine can follow. */
export function lostChoices(engine: string, { mode, failures, overrides = [] }: PolicyDocument): readonly LeftOut[] {
  return [
    ...(mode === 'monitor'
      ? [{ path: '/mode', sentence: `${engine} watches nothing for the policy: what is not allowed is denied there, in monitor mode too.` }]
      : []),
    ...(failures === undefined
      ? []
      : [{ path: '/failures', sentence: `${engine} knows nothing of what fails on the seat: it denies and allows as it does otherwise.` }]),
    ...overrides.map(({ id }, index) => ({
      path: `/overrides/${index}`,
      sentence: `Override ${id}: ${engine} knows neither timers nor PINs nor devices of the seat.`,
    })),
  ];
}
