// Owns looking at many files at once: which they are, and one fingerprint for all. Must depend on contents and names only, never
// on times: a fresh clone has the same fingerprint.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Files below a folder in a stable order, or the file itself; nothing when it does not exist.
 *
 * @param {string} target
 * @param {(file: string) => boolean} [accept]
 * @returns {string[]}
 */
export function filesBelow(target, accept = () => true) {
  let stats;
  try {
    stats = statSync(target);
  } catch {
    return [];
  }
  if (!stats.isDirectory()) return [target];
  return readdirSync(target, { withFileTypes: true, recursive: false })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(target, entry.name);
      if (entry.isDirectory()) return filesBelow(file, accept);
      return entry.isFile() && accept(file) ? [file] : [];
    });
}

/**
 * @param {string} base file names are taken relative to it
 * @param {readonly string[]} files
 * @param {readonly string[]} [facts] anything else that the result depends on
 */
export function fingerprint(base, files, facts = []) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`${fact}\n`);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${path.relative(base, file)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
