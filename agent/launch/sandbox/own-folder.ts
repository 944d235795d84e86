/**
 * Which folder belongs to a program, so that it may read the libraries and data beside it. A folder that many packages share
 * belongs to none of them: a program in one owns nothing of its neighbours. Pure; looks at names only.
 */
import { dirname } from 'node:path';

/** The root, what lies directly in it, and what lies directly in /usr, /usr/local and /var: /opt, /usr/bin, /usr/lib, /usr/share, /var/lib … */
const SHARED = /^\/(?:(?:usr\/local|usr|var)(?:\/[^/]+)?|[^/]*)$/u;
/** Libraries of one processor, for all packages. */
const LIBRARIES = /^(?:\/usr(?:\/local)?)?\/lib\/[^/]+-linux-gnu[^/]*$/u;

/** The program's own folder; undefined where it has none. @param path absolute */
export function ownFolder(path: string): string | undefined {
  const folder = dirname(path);
  return SHARED.test(folder) || LIBRARIES.test(folder) ? undefined : folder;
}
