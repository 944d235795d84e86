// Owns what lies beside the kiosk in a packaged seat: Node 24, the agent, the syncer and the command line as source, and exactly the
// packages that these import. Must never take a test, a development package or anything of the server's.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';
import { filesBelow } from '../lib/sources.mjs';

/** Folders that run on a seat. */
const FOLDERS = ['agent', 'contract', 'core', 'crypto', 'ipc', 'policies'];
/** The command line of a seat, with what it reaches in its folder; what it knows of a server stays out. */
const COMMAND_LINE = 'cli/seat-main.ts';
const UNITS = 'build/package/units';

const isProduct = (file) => !/\.test\.ts$|\.d\.ts$|tsconfig\.json$/.test(file);
const sourceFiles = () => FOLDERS.flatMap((folder) => filesBelow(at(folder), isProduct));

/** The modules of the seat's source, as dependency-cruiser sees them. */
async function seatModules() {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', COMMAND_LINE, ...FOLDERS];
  const result = await run(at('node_modules', '.bin', 'depcruise'), args, {
    cwd: root,
    env: toolEnvironment(),
    keep: Number.POSITIVE_INFINITY,
  });
  return JSON.parse(result.out).modules.filter((module) => isProduct(module.source) && !module.source.startsWith('node_modules/'));
}

/** Packages that these modules import themselves; types alone need no package at run time. */
function directPackages(modules) {
  const names = modules
    .flatMap((module) => module.dependencies)
    .filter((dependency) => !dependency.dependencyTypes.includes('type-only'))
    .map((dependency) => dependency.resolved.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Where a package finds another one: Node's own rule, on the lockfile's paths. */
function resolvePackage(packages, from, name) {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    const candidate = `${place === '' ? '' : `${place}/`}node_modules/${name}`;
    if (packages[candidate] !== undefined) return candidate;
    if (place === '') return undefined;
  }
}

/** The packages above and all that they need, as paths in node_modules. Optional ones only where this platform has them. */
function seatPackages(modules) {
  const { packages } = JSON.parse(readFileSync(at('package-lock.json'), 'utf8'));
  const wanted = new Set();
  /** @type {[string, string, boolean][]} who needs it, what, and whether it cannot be without */
  const open = directPackages(modules).map((name) => ['', name, true]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, name, needed] = next;
    const place = resolvePackage(packages, from, name);
    if (place === undefined || !existsSync(at(place))) {
      if (needed)
        throw new StartProblem(
          `${name}, which ${from || 'the seat'} needs, is not installed.`,
          'Delete node_modules and run the same command again.',
        );
      continue;
    }
    if (wanted.has(place)) continue;
    wanted.add(place);
    const { dependencies = {}, optionalDependencies = {} } = packages[place];
    for (const dependency of Object.keys(dependencies)) open.push([place, dependency, !(dependency in optionalDependencies)]);
    for (const dependency of Object.keys(optionalDependencies)) open.push([place, dependency, false]);
  }
  return [...wanted];
}

/** What a package's folder holds that no seat runs: other platforms' binaries, C sources, tests and maps. */
function belongsOnSeat(file) {
  const foreign = file.match(/\/prebuilds\/([a-z0-9]+)-([a-z0-9]+)/);
  if (foreign && (foreign[1] !== process.platform || foreign[2] !== process.arch)) return false;
  return !/\/(deps|src|test|tests|docs|examples|benchmarks?)\/.*\.(c|cc|cpp|h|hpp|gyp|md|sh)$|\.(map|md|markdown|d\.[cm]?ts)$/.test(file);
}

/**
 * Fills the folder that electron-builder takes as `resources/seat`.
 *
 * @param {string} target made anew
 * @param {string} node the Node that the seat runs
 */
export async function stageSeat(target, node) {
  rmSync(target, { recursive: true, force: true });
  const modules = await seatModules();
  const commands = modules.filter(({ source }) => source.startsWith('cli/')).map(({ source }) => at(source));
  for (const file of [...sourceFiles(), ...commands]) cpSync(file, path.join(target, path.relative(at(), file)));
  const packages = seatPackages(modules);
  for (const place of packages) {
    cpSync(at(place), path.join(target, place), {
      recursive: true,
      dereference: true,
      filter: (file) => !file.slice(at(place).length).includes('/node_modules') && belongsOnSeat(file),
    });
  }
  cpSync(at(UNITS), path.join(target, 'units'), { recursive: true });
  cpSync(at('package.json'), path.join(target, 'package.json'));
  mkdirSync(path.join(target, 'bin'), { recursive: true });
  cpSync(node, path.join(target, 'bin', path.basename(node)), { dereference: true });
  return packages;
}
