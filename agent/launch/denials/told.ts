/**
 * What the record may hold of a denial: the access, the count, the kind of place, and the file's path only where nobody but root names files.
 * A path below a home or of a person's data never gets there. Looks at the kind of a file, opens nothing else.
 */
import { lstatSync } from 'node:fs';
import { Value } from 'typebox/value';
import { type Denied, MachinePath } from '../../../contract/events.ts';
import { classifyFile } from '../elf.ts';
import type { AppDenial } from '../port.ts';
import { MANY_PATHS } from './tally.ts';

/** What an application may write: names in there are a person's. */
const SESSION_PLACES = /^\/(?:home|tmp|var\/tmp|dev\/shm|run\/user)(?:\/|$)/u;

/** What to record of a denial. Undefined where it is none of the story: a data file that was not there for the application is everyday probing. */
export function toldOf({ access, path, count }: Pick<AppDenial, 'access' | 'path' | 'count'>): Denied | undefined {
  const denied = { access, count, ...placeOf(path) };
  if (access === 'execute') return denied;
  // Reading a program or a script is how a loader or an interpreter is fed what the policy does not name.
  return denied.path !== null && isRunnable(denied.path) ? denied : undefined;
}

function placeOf(path: string): Pick<Denied, 'place' | 'path'> {
  if (Value.Check(MachinePath, path)) return { place: 'machine', path };
  if (path === MANY_PATHS) return { place: 'many', path: null };
  return { place: SESSION_PLACES.test(path) ? 'session' : 'other', path: null };
}

function isRunnable(path: string): boolean {
  try {
    // The kernel's own path of a file in a folder of root: it is no link, and only root could put one there meanwhile.
    if (!lstatSync(path).isFile()) return false;
    const { kind } = classifyFile(path);
    return kind === 'program' || kind === 'script';
  } catch {
    // It has gone since.
    return false;
  }
}
