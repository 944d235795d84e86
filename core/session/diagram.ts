/**
 * Draws docs/machines.md from the tables, so that the picture can't say anything that the code does not. It must never
 * add a line of its own.
 */
import { lockTable } from './lock.ts';
import { sessionTable } from './step.ts';

type Rows = Readonly<Record<string, { readonly leadsTo: readonly string[] }>>;

function arrows(table: Readonly<Record<string, Rows>>): readonly string[] {
  return Object.entries(table).flatMap(([from, rows]) => {
    const events = new Map<string, string[]>();
    for (const [event, row] of Object.entries(rows)) {
      for (const to of row.leadsTo) if (to !== from) events.set(to, [...(events.get(to) ?? []), event]);
    }
    return [...events].map(([to, names]) => `  ${from} --> ${to}: ${names.join('<br>')}`);
  });
}

function section(title: string, first: string, table: Readonly<Record<string, Rows>>): string {
  return [`## ${title}`, '', '```mermaid', 'stateDiagram-v2', `  [*] --> ${first}`, ...arrows(table), '```', ''].join('\n');
}

/** The whole page. */
export function machinesPage(): string {
  return [
    '# The machines of a seat',
    '',
    'Drawn from the tables in `core/session` by a test; change the tables, never this page. An arrow names every event that can',
    'lead that way; an event that no arrow names leaves the state as it is.',
    '',
    section('Session', 'none', sessionTable),
    section('Lock', 'locked', lockTable),
  ].join('\n');
}
