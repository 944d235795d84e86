/** What a seat's enforcement means, in words for whoever looks after the seats. It owns these sentences and decides nothing. */
import type { SeatRow } from '../contract/console-api.ts';

const LAYERS: Readonly<Record<string, string>> = {
  'app-user': 'applications have no user of their own',
  cgroup: 'a session can not be ended whole',
  landlock: 'programs can start others that the policy does not name',
  namespaces: 'a session has no file system of its own',
  network: 'applications are not kept from the network',
  'denial-reports': 'what was stopped inside an application is not reported',
};

/** The layer by its name where this console does not know it: a newer seat may have more. */
const wordsOf = (layer: string): string => LAYERS[layer] ?? `the layer ${layer} is missing`;

export function enforcementWords(enforcement: SeatRow['enforcement']): string {
  if (enforcement === null) return 'Not told yet';
  const { mode, missing } = enforcement;
  const gaps = missing.map(wordsOf).join('; ');
  if (mode === 'enforced') return gaps === '' ? 'Enforced' : `Enforced, but ${gaps}`;
  if (mode === 'refusing') return `Starts no application: ${gaps === '' ? 'a layer is missing' : gaps}`;
  return `Not enforced: the agent is not root${gaps === '' ? '' : `; ${gaps}`}`;
}

/** Whether somebody should look at it. */
export function isTrouble(enforcement: SeatRow['enforcement']): boolean {
  return enforcement !== null && (enforcement.mode !== 'enforced' || enforcement.missing.length > 0);
}
