/** Finds and orders apps by what a person types. Pure. */
import type { AppView } from '../../contract/seat-view.ts';

/** Lower case without accents, so that "rontgen" finds "Röntgen". */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Apps whose name holds every typed word; those that begin with it come first, otherwise the policy's order stays. */
export function findApps(apps: readonly AppView[], typed: string): readonly AppView[] {
  const words = plain(typed)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return apps;
  const found = apps.filter(({ name }) => words.every((word) => plain(name).includes(word)));
  const begins = ({ name }: AppView): boolean => plain(name).startsWith(words[0] ?? '');
  return [...found.filter(begins), ...found.filter((app) => !begins(app))];
}
