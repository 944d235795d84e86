/**
 * What a packaged seat is made of, as packaging wrote it down, and whether it still is. It reads and judges; it must never repair, and
 * never take a file that it could not read for a whole one. The system's Electron checks no archive on Linux, so this does.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';

const Manifest = Type.Object({
  format: Type.Literal('wardlock-package/1'),
  /** The screens' program, below the package's folder. */
  program: Type.String({ minLength: 1 }),
  files: Type.Array(Type.Object({ path: Type.String({ minLength: 1 }), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }), {
    minItems: 1,
  }),
});
export type Manifest = Static<typeof Manifest>;

/** The agent's own folder in a package; root owns it, and it is what judges the rest. */
const SEAT_FOLDER = join('resources', 'seat');
const MANIFEST = join(SEAT_FOLDER, 'manifest.json');
const FOREIGN_WRITE_BITS = 0o022;
const STICKY_BIT = 0o1000;
const CHUNK_BYTES = 1024 * 1024;
/** Of what is wrong; more says nothing more. */
const FINDINGS_LIMIT = 20;

/** The folder of the package that this code lies in; null in a checkout. */
export function packageFolder(seat = join(import.meta.dirname, '..', '..')): string | null {
  const resources = dirname(seat);
  return basename(seat) === 'seat' && basename(resources) === 'resources' ? dirname(resources) : null;
}

/** @throws PACKAGE_CHANGED when there is none that can be read */
export async function readManifest(folder: string): Promise<Manifest> {
  try {
    const read: unknown = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'));
    return Value.Parse(Manifest, read);
  } catch (cause) {
    throw new WardlockError('PACKAGE_CHANGED', `${folder} has no list of its files that can be read.`, { cause });
  }
}

/** What is not as it was packaged, in words; empty when all is. */
export async function examinePackage(folder: string): Promise<readonly string[]> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(folder);
  } catch (failure) {
    return [failure instanceof Error ? failure.message : String(failure)];
  }
  const findings: string[] = [];
  for (const parent of parentsOf(folder)) findings.push(...(await foreignHand(parent)));
  const listed = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  const found = await entriesBelow(folder, folder);
  for (const { path, isFolder } of found) {
    findings.push(...(await foreignHand(join(folder, path))));
    if (!isFolder && !listed.has(path)) findings.push(`${path} does not belong to this package.`);
  }
  const there = new Set(found.filter(({ isFolder }) => !isFolder).map(({ path }) => path));
  for (const [path, sha256] of listed) {
    if (!there.has(path)) findings.push(`${path} is missing.`);
    else if ((await hashOf(join(folder, path))) !== sha256) findings.push(`${path} is not the file that was packaged.`);
  }
  return findings.slice(0, FINDINGS_LIMIT);
}

interface Entry {
  readonly path: string;
  readonly isFolder: boolean;
}

async function entriesBelow(root: string, folder: string): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const whole = join(folder, entry.name);
    const path = relative(root, whole);
    if (path === SEAT_FOLDER) continue;
    found.push({ path, isFolder: entry.isDirectory() });
    if (entry.isDirectory()) found.push(...(await entriesBelow(root, whole)));
  }
  return found;
}

/** Somebody other than root could change it; without root the one user that all of Wardlock runs as may. */
async function foreignHand(path: string): Promise<readonly string[]> {
  const { uid, mode } = await lstat(path);
  if (uid !== 0 && uid !== process.geteuid?.()) return [`${path} does not belong to root.`];
  const isShared = (mode & STICKY_BIT) !== 0;
  const isLink = (await lstat(path)).isSymbolicLink();
  return (mode & FOREIGN_WRITE_BITS) === 0 || isShared || isLink ? [] : [`${path} can be changed by others than root.`];
}

function parentsOf(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)];
}

async function hashOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (!Buffer.isBuffer(chunk)) throw new WardlockError('PACKAGE_CHANGED', `${path} could not be read as bytes.`);
    digest.update(chunk);
  }
  return digest.digest('hex');
}
