// Owns the list of what a package is made of, written when nothing of it changes any more. The agent holds the screens to it
// (agent/package/manifest.ts). The agent's own folder is left out: it is what judges the rest.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from '../lib/sources.mjs';

const SEAT = path.join('resources', 'seat');

/**
 * @param {string} folder the package's
 * @param {string} program the screens' program in it
 */
export function writeManifest(folder, program) {
  const files = filesBelow(folder)
    .map((file) => path.relative(folder, file))
    .filter((file) => !file.startsWith(SEAT + path.sep))
    .map((file) => ({
      path: file,
      sha256: createHash('sha256')
        .update(readFileSync(path.join(folder, file)))
        .digest('hex'),
    }));
  writeFileSync(
    path.join(folder, SEAT, 'manifest.json'),
    `${JSON.stringify({ format: 'wardlock-package/1', program, files }, undefined, 1)}\n`,
  );
  return files.length;
}
