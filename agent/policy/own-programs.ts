/** The seat's own parts as they lie on this machine: what no policy may deny by its content. It reads programs and changes nothing. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { NEVER_BRICK, type OwnPrograms } from '../../core/policy/never-brick.ts';

let known: OwnPrograms | null = null;

/** Read once for the life of the process: an upgrade of the parts restarts it. */
export function ownPrograms(): OwnPrograms {
  known ??= { folders: [`${join(import.meta.dirname, '../..')}/`], contents: contentsOfParts() };
  return known;
}

function contentsOfParts(): ReadonlyMap<string, string> {
  const programs = NEVER_BRICK.flatMap(({ name, paths }) => paths.filter((path) => !path.endsWith('/')).map((path) => ({ name, path })));
  const contents = new Map<string, string>();
  const own = { name: 'the program that the agent and the syncer run in', path: process.execPath };
  for (const { name, path } of [own, ...programs]) {
    const sha256 = hashOf(path);
    if (sha256 !== null && !contents.has(sha256)) contents.set(sha256, name);
  }
  return contents;
}

/** null where there is no such program here */
function hashOf(path: string): string | null {
  try {
    return createHash('sha256')
      .update(readFileSync(realpathSync(path)))
      .digest('hex');
  } catch {
    return null;
  }
}
