/**
 * fapolicyd rules and trust for the users that sessions run as. First match wins there: recalled contents are denied first, then
 * each program is allowed by path and content, then everything else is denied to these users. Nobody else is touched. Pure.
 */
import { isRecalled } from '../../core/decision/decide.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { NativeApp, PolicyDocument } from '../schema.ts';
import { lostChoices, lostConditions, lostOptions, neverStarted } from './conditions.ts';
import { reachOf } from './reach.ts';
import type { Compiled, LeftOut, Place } from './result.ts';

/** A program as it lies on the machine that compiles. */
export interface ProgramFact {
  /** Where it really lies, links followed: fapolicyd sees no other name. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface FapolicydFacts {
  readonly place: Place;
  /** User ids that sessions run as. At least one. */
  readonly uids: readonly number[];
  /** Those of root and of the seat's own users: rules for one of them would end the seat. */
  readonly ownUids: readonly number[];
  /** Programs by the path that the policy gives. What is not in it is not on this machine. */
  readonly programs: ReadonlyMap<string, ProgramFact>;
  /** The dynamic loaders that the programs ask for. */
  readonly loaders: readonly ProgramFact[];
}

/** fapolicyd has no quotes: what its rules split at can stand in no path. */
const EXPRESSIBLE = /^\/[A-Za-z0-9/._+@~:-]+$/;
const ENGINE = 'fapolicyd';

/** @throws WardlockError POLICY_BRICKS where a user that sessions run as is one of the seat's own */
export function compileFapolicyd(document: PolicyDocument, facts: FapolicydFacts): Compiled {
  const own = facts.uids.find((uid) => uid === 0 || facts.ownUids.includes(uid));
  if (own !== undefined)
    throw new WardlockError(
      'POLICY_BRICKS',
      `The user ${own} is one that the seat itself runs as: sessions need another one, and rules for it would end the seat.`,
    );
  const reach = reachOf(document, facts.place);
  const native = document.apps.filter((app) => app.kind === 'native');
  const allowed = native.filter(({ id }) => reach.get(id)?.witness != null);
  const writer = new RuleWriter(facts);
  // Only these can recall a program; looking at all rules for each child would take as long as everything else.
  const recalls = { ...document, rules: (document.rules ?? []).filter(isForEveryone) };
  for (const app of allowed) writer.app(app, recalls, `/apps/${document.apps.indexOf(app)}`);
  const uid = `uid=${facts.uids.join(',')}`;
  const recalled = new Set(recalls.rules.flatMap((rule) => rule.contents ?? []));
  const loaders = facts.loaders.filter(({ path }) => EXPRESSIBLE.test(path));
  // A program that was started through its loader has the loader's name. The engine's own pattern for this let such a program run.
  const rules = [
    '# Made by Wardlock (policy compile). It stands alone: put no other rules beside it, they would be heard first.',
    `# Policy ${document.tenant} version ${document.version}.`,
    ...[...recalled].map((sha256) => `deny_audit perm=execute ${uid} : sha256hash=${sha256}`),
    ...loaders.map(({ path }) => `deny_audit perm=any ${uid} exe=${path} : all`),
    ...loaders.map((loader) => `allow perm=execute ${uid} : ${objectOf(loader)}`),
    ...writer.rules,
    `deny_audit perm=execute ${uid} : all`,
    'allow perm=any all : all',
  ];
  return {
    files: [
      { name: 'wardlock.rules', text: `${rules.join('\n')}\n` },
      { name: 'wardlock.trust', text: [...facts.loaders, ...writer.trusted.values()].map(trustLine).join('') },
    ],
    leftOut: [
      ...always(document, facts),
      ...neverStarted(native, reach, document.apps),
      ...writer.leftOut,
      ...lostOptions(ENGINE, document, allowed, ['scripts', 'workingFolder', 'oneInstance', 'onLock']),
      ...lostConditions(ENGINE, document, allowed, facts.place),
      ...lostChoices(ENGINE, document),
    ],
  };
}

class RuleWriter {
  readonly rules: string[] = [];
  readonly trusted = new Map<string, ProgramFact>();
  readonly leftOut: LeftOut[] = [];
  readonly #facts: FapolicydFacts;
  readonly #uid: string;

  constructor(facts: FapolicydFacts) {
    this.#facts = facts;
    this.#uid = `uid=${facts.uids.join(',')}`;
  }

  app(app: NativeApp, recalls: PolicyDocument, path: string): void {
    const own = this.#program(app, path, app.name);
    if (own === null) return;
    this.rules.push(`allow perm=execute ${this.#uid} : ${objectOf(own)}`);
    const children = app.children.flatMap((child, index) => {
      if (isRecalled(child, recalls)) return [];
      return this.#program(child, `${path}/children/${index}`, `The child ${child.path} of ${app.name}`) ?? [];
    });
    const starters = [own, ...children].map((program) => program.path).join(',');
    for (const child of children) this.rules.push(`allow perm=execute ${this.#uid} exe=${starters} : ${objectOf(child)}`);
    if (app.args.length + Object.keys(app.env).length > 0)
      this.leftOut.push({ path, sentence: `${app.name}: fapolicyd looks at no arguments and no environment, so any will do.` });
  }

  #program(named: { readonly path: string; readonly sha256: string }, path: string, who: string): { path: string; sha256: string } | null {
    const fact = this.#facts.programs.get(named.path);
    const real = fact?.path ?? named.path;
    if (!EXPRESSIBLE.test(real)) {
      this.leftOut.push({ path, sentence: `${who} is not allowed: fapolicyd's rules can't write its path (${JSON.stringify(real)}).` });
      return null;
    }
    if (fact === undefined) {
      const sentence = `${who}: ${named.path} is not on this machine, so it is in the rules by that path and not in the trust file.`;
      this.leftOut.push({ path, sentence });
    } else if (fact.sha256 === named.sha256) this.trusted.set(real, fact);
    else {
      const sentence = `${who}: ${named.path} has another content on this machine than the policy names. Only the policy's content is allowed.`;
      this.leftOut.push({ path, sentence });
    }
    return { path: real, sha256: named.sha256 };
  }
}

const objectOf = ({ path, sha256 }: { readonly path: string; readonly sha256: string }): string => `path=${path} sha256hash=${sha256}`;
const trustLine = ({ path, size, sha256 }: ProgramFact): string => `${path} ${size} ${sha256}\n`;

type Rule = NonNullable<PolicyDocument['rules']>[number];

function isForEveryone({ effect, roles, wards, seatGroups, days, between }: Rule): boolean {
  return effect === 'deny' && [roles, wards, seatGroups, days, between].every((condition) => condition === undefined);
}

/** What fapolicyd does for no policy. */
function always(document: PolicyDocument, { loaders, programs }: FapolicydFacts): readonly LeftOut[] {
  const whole = (sentence: string): LeftOut => ({ path: '', sentence });
  const web = document.apps.filter(({ kind }) => kind === 'web').map(({ name }) => name);
  return [
    whole('fapolicyd judges programs, not what they read: an interpreter that is allowed runs any script, and libraries are not checked.'),
    whole('fapolicyd does not see a program that is run from memory (memfd), and not what a user mounts in a namespace of their own.'),
    whole('A program that is given to the dynamic loader by hand is kept from its libraries; one that needs none runs.'),
    whole(
      "How people come in, timers, readers, languages, branding, emergency access and the record are the seat's alone; fapolicyd knows none of them.",
    ),
    ...(web.length === 0 ? [] : [whole(`fapolicyd knows no web applications: ${web.join(', ')}.`)]),
    ...(loaders.length === 0 ? [whole(noLoader(document, programs))] : []),
    ...(document.devices === undefined ? [] : [{ path: '/devices', sentence: 'fapolicyd knows no devices.' }]),
  ];
}

/** Only a program that is here says which loader it asks for. */
function noLoader({ apps }: PolicyDocument, programs: FapolicydFacts['programs']): string {
  const paths = apps.flatMap((app) => (app.kind === 'native' ? [app.path, ...app.children.map((child) => child.path)] : []));
  const isAbsent = paths.some((path) => !programs.has(path));
  return isAbsent
    ? 'No dynamic loader is in the rules, as programs of the policy are not on this machine: what needs one will not start. Compile on a machine that has them.'
    : 'No dynamic loader is in the rules, as no program of the policy asks for one on this machine.';
}
