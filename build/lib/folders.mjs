// Owns the list of folders that hold source. A check that walks the source asks here, so that a new folder is never forgotten:
// every folder of the checkout that git could track and that is not named as something else is source.
import { readdirSync } from 'node:fs';
import { at, root } from './paths.mjs';
import { filesBelow } from './sources.mjs';

/** Folders without source of the project. */
const NOT_SOURCE = new Set(['node_modules', 'out', 'dist', 'coverage', 'docs', 'test-results']);

/** @returns {string[]} names of the folders that hold source */
export function sourceFolders() {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_SOURCE.has(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** @returns {string[]} absolute paths of every TypeScript file, tests included */
export function typescriptFiles() {
  return sourceFolders().flatMap((folder) => filesBelow(at(folder), (file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts')));
}
