/** What a policy says that is not wrong and hardly meant: paths with stars, hours that begin where they end, unknown icons. Pure. */
import { ICONS } from './icons.ts';
import type { PolicyDocument } from './schema.ts';

/** One sentence for each; empty where there is nothing to say. */
export function odditiesOf(document: PolicyDocument): readonly string[] {
  return [...literalPaths(document), ...wholeDays(document), ...unknownIcons(document)];
}

/** A path of a rule is one file's own: no stars, and a folder stands for nothing that lies in it. */
function literalPaths({ rules = [] }: PolicyDocument): readonly string[] {
  return rules.flatMap(({ id, paths = [] }) =>
    paths
      .filter((path) => path.includes('*') || path.endsWith('/'))
      .map((path) => `Rule ${id}: paths have no wildcards and mean no folders. ${path} is the one file of that very name.`),
  );
}

function wholeDays({ rules = [], overrides = [], signIn }: PolicyDocument): readonly string[] {
  const scoped = [
    ...rules.map((one) => ({ who: `Rule ${one.id}`, ...one })),
    ...overrides.map((one) => ({ who: `Override ${one.id}`, ...one })),
    ...(signIn?.rules ?? []).map((one, index) => ({ who: `Sign-in rule ${index + 1}`, ...one })),
  ];
  return scoped.flatMap(({ who, between }) =>
    between === undefined || between.from !== between.until
      ? []
      : [`${who}: between ${between.from} and ${between.until} is the whole day, as it ends where it begins.`],
  );
}

function unknownIcons({ apps }: PolicyDocument): readonly string[] {
  const unknown = apps.filter(({ icon }) => !ICONS.has(icon));
  if (unknown.length === 0) return [];
  const named = unknown.map(({ id, icon }) => `${icon === '' ? 'no icon' : icon} (${id})`).join(', ');
  return [`icon: the screens have no drawing for ${named} and show app instead. They have: ${[...ICONS].join(', ')}.`];
}
