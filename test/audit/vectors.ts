/**
 * Finds the public test vectors, which lie beside the checkout and are never copied into it. Tests that need them are
 * skipped with the reason below where they are absent.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..', '..', '..', 'shared', 'vectors');

export const vectorsPresent = existsSync(root);
/** Part of the test's name, so that a skip says why. */
export const VECTORS_NEEDED = '(needs the public vectors beside the checkout, ../shared/vectors)';

export function vectorText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function vectorBytes(path: string): Buffer {
  return readFileSync(join(root, path));
}

export function vectorGzip(path: string): string {
  return gunzipSync(readFileSync(join(root, path))).toString('utf8');
}

/** All JSON files below a folder of the vectors, by their path from it. */
export function vectorFiles(folder: string): readonly string[] {
  const files: string[] = [];
  const walk = (at: string): void => {
    for (const name of readdirSync(join(root, at)).sort()) {
      const path = join(at, name);
      if (statSync(join(root, path)).isDirectory()) walk(path);
      else if (name.endsWith('.json')) files.push(path);
    }
  };
  walk(folder);
  return files;
}
