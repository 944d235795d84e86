/** Which applications an engine is given: those that somebody may start somewhere at some time, and no others. */
import { type Reach, reachOf as reachOfRules } from '../../core/decision/reach.ts';
import type { PolicyDocument } from '../schema.ts';
import type { Place } from './result.ts';

export type { Reach } from '../../core/decision/reach.ts';

/** Each application of the document, by id. Emergency access counts only where it is on. */
export function reachOf(document: PolicyDocument, place: Place): ReadonlyMap<string, Reach> {
  const apps = document.apps.map((app) => (app.kind === 'native' ? { id: app.id, path: app.path, sha256: app.sha256 } : { id: app.id }));
  const { version, roles, rules = [], seatGroups = [], breakGlass } = document;
  return reachOfRules({ version, apps, roles, rules, seatGroups, breakGlass: { apps: breakGlass.enabled ? breakGlass.apps : [] } }, place);
}
