// Owns the step that brings node_modules in line with package-lock.json. Must never run `npm ci` while what is
// installed already equals the lockfile: that deletes the folder under whoever is using it.
import { readFile } from 'node:fs/promises';
import { at, root } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';

async function readPackages(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/**
 * Compares the lockfile with npm's own record of what it installed, which npm writes last and removes first.
 * Optional packages may be absent: they belong to another platform, and the step that needs one checks for itself.
 *
 * @returns {string|undefined} the first difference, or undefined when there is none
 */
export function difference(wanted, installed) {
  for (const [name, entry] of Object.entries(installed)) {
    const want = wanted[name];
    if (want === undefined) return `${name} is installed but not in package-lock.json`;
    if (want.version !== entry.version || want.integrity !== entry.integrity) return `${name} differs`;
  }
  for (const [name, entry] of Object.entries(wanted)) {
    if (name !== '' && !entry.optional && !entry.link && installed[name] === undefined) return `${name} is missing`;
  }
  return undefined;
}

/** @returns {Promise<string|undefined>} why node_modules does not equal the lockfile, or undefined when it does */
export async function staleReason() {
  const wanted = await readPackages(at('package-lock.json'));
  if (wanted === undefined) {
    throw new StartProblem('package-lock.json is missing or is not JSON.', 'Restore it: git checkout package-lock.json');
  }
  const installed = await readPackages(at('node_modules', '.package-lock.json'));
  return installed === undefined ? 'node_modules is not there or not complete' : difference(wanted, installed);
}

export const packagesStep = {
  title: 'Node packages',
  async check() {
    return (await staleReason()) === undefined ? 'as in package-lock.json' : undefined;
  },
  async perform(progress) {
    progress('npm ci');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const result = await run(npm, ['ci', '--no-audit', '--no-fund', '--no-progress'], { cwd: root });
    if (result.code !== 0) {
      throw new StartProblem(
        'npm ci failed.',
        'Check that this machine reaches your npm registry (npm ping), then run the same command again.',
        tail(result.out + result.err),
      );
    }
    const left = await staleReason();
    if (left !== undefined) {
      throw new StartProblem(`After npm ci, ${left}.`, 'Delete node_modules and run the same command again.', tail(result.out));
    }
    return 'installed with npm ci';
  },
};
