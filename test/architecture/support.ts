/**
 * What the architecture tests share: the list of committed files, running a tool, and a folder to plant violations in. Must never
 * plant anything in the checkout itself.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** Files that git tracks and that are still there, relative to the checkout. */
export function trackedFiles(): readonly string[] {
  return execFileSync('git', ['ls-files', '-z', '--cached'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(root, file)));
}

export interface ToolResult {
  readonly code: number | null;
  readonly out: string;
}

/** Runs one of the project's tools. */
export function tool(name: string, args: readonly string[], cwd = root): ToolResult {
  const result = spawnSync(path.join(root, 'node_modules', '.bin', name), args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { code: result.status, out: result.stdout + result.stderr };
}

/** Makes a folder with these files in it, lets the body look at it, and removes it. */
export function withPlanted<T>(files: Readonly<Record<string, string>>, body: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'wardlock-planted-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Programs of the product that are not there; while there are any, nothing can be called unused. */
export function missingPrograms(): readonly string[] {
  const programs: unknown = JSON.parse(readFileSync(path.join(root, 'build/programs.json'), 'utf8'));
  if (!Array.isArray(programs) || programs.length === 0) throw new TypeError('build/programs.json must list the programs');
  return programs.map(String).filter((file) => !existsSync(path.join(root, file)));
}
