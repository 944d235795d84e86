/**
 * `policy compile`: a policy in the form of an engine that a seat has already. It reads the policy and the programs on this
 * machine, writes the engine's files and prints all that the engine can't hold to. It loads nothing anywhere.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { classifyDescriptor } from '../agent/launch/elf.ts';
import { WardlockError } from '../core/errors/index.ts';
import { NEVER_BRICK } from '../core/policy/never-brick.ts';
import { compileChromium } from '../policies/compile/chromium.ts';
import { compileFapolicyd, type ProgramFact } from '../policies/compile/fapolicyd.ts';
import { placeInWords } from '../policies/compile/place.ts';
import type { Compiled, Place } from '../policies/compile/result.ts';
import { compileUsbguard } from '../policies/compile/usbguard.ts';
import type { PolicyDocument } from '../policies/schema.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { makeFolder, notWritten } from './make-folder.ts';
import { readPolicy } from './policy-file.ts';

const ENGINES = ['fapolicyd', 'chromium', 'usbguard'] as const;
type Engine = (typeof ENGINES)[number];

interface CompileFlags {
  readonly to: Engine;
  readonly out: string;
  readonly user: readonly string[];
  readonly ward?: string;
  readonly seat?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('compile <file>')
    .description('write a policy as the rules of an engine that a seat has already; prints what that engine cannot hold to')
    .addOption(new Option('--to <engine>', 'engine to write for').choices(ENGINES).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder for the files; made where it is missing, older files of the same name are replaced')
    .option('--user <name...>', 'fapolicyd: users of this machine that sessions run as, by name or number', [])
    .option('--ward <ward>', 'compile for seats of this ward only')
    .option('--seat <name>', 'compile for this seat only')
    .option('--json', 'print JSON')
    .action(async (file: string, flags: CompileFlags) => {
      const document = readPolicy(file);
      const place = placeOf(flags);
      const compiled = await compile(document, place, flags);
      const files = write(flags.out, compiled);
      const wrote = `${flags.to}: wrote ${files.join(', ')}. Nothing was loaded.`;
      const where = placeInWords(document, place);
      const lines = compiled.leftOut.map(({ path, sentence }) => `  ${path === '' ? '' : `${path}: `}${sentence}`);
      const answer = { file, engine: flags.to, place, files, leftOut: compiled.leftOut };
      say(flags, answer, [wrote, where, 'Left out:', ...lines].join('\n'));
    });
}

function placeOf({ ward, seat }: CompileFlags): Place {
  return { ...(ward === undefined ? {} : { ward }), ...(seat === undefined ? {} : { seat }) };
}

async function compile(document: PolicyDocument, place: Place, { to, user }: CompileFlags): Promise<Compiled> {
  if (to === 'chromium') return compileChromium(document, place);
  if (to === 'fapolicyd') {
    const uids = [...new Set(user.map(userId))];
    if (uids.length === 0)
      throw new WardlockError(
        'START_USAGE',
        'Name the users that sessions run as with --user: fapolicyd denies programs to these and to nobody else.',
      );
    return compileFapolicyd(document, { place, uids, ownUids: ownUids(), ...(await factsOf(document)) });
  }
  const compiled = compileUsbguard(document, place);
  if (compiled !== null) return compiled;
  throw new WardlockError(
    'POLICY_NOT_COMPILED',
    'The policy has no field devices. Rules from nothing would take keyboard and mouse away from a seat: name what it may have.',
  );
}

/** @throws WardlockError START_USAGE for root, and for a name that this machine does not know */
function userId(name: string): number {
  const uid = /^\d{1,10}$/.test(name) ? Number(name) : numberOf(name);
  if (uid === 0) throw new WardlockError('START_USAGE', 'Programs of root are left alone: name another user with --user.');
  return uid;
}

function numberOf(name: string): number {
  const uid = knownUid(name);
  if (uid === null)
    throw new WardlockError('START_USAGE', `This machine knows no user ${name}. Give the number that the seats have: --user NUMBER.`);
  return uid;
}

/** null for a name that this machine does not know */
function knownUid(name: string): number | null {
  try {
    return Number(execFileSync('id', ['-u', '--', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim());
  } catch {
    return null;
  }
}

/** Users of the seat's own parts, as far as this machine has them. */
function ownUids(): readonly number[] {
  return NEVER_BRICK.flatMap(({ users }) => users.flatMap((user) => knownUid(user) ?? []));
}

async function factsOf(
  document: PolicyDocument,
): Promise<{ readonly programs: ReadonlyMap<string, ProgramFact>; readonly loaders: readonly ProgramFact[] }> {
  const native = document.apps.filter((app) => app.kind === 'native');
  const programs = new Map<string, ProgramFact>();
  const loaders = new Map<string, ProgramFact>();
  for (const path of new Set(native.flatMap((app) => [app.path, ...app.children.map((child) => child.path)]))) {
    const program = await factOf(path);
    if (program === null) continue;
    programs.set(path, program);
    const asked = loaderOf(program.path);
    const loader = asked === undefined ? null : await factOf(asked);
    if (loader !== null) loaders.set(loader.path, loader);
  }
  return { programs, loaders: [...loaders.values()] };
}

/** null where there is no such file on this machine, or it can't be read */
async function factOf(path: string): Promise<ProgramFact | null> {
  try {
    const real = realpathSync(path);
    const { size } = statSync(real);
    const hash = createHash('sha256');
    await pipeline(createReadStream(real), hash);
    return { path: real, size, sha256: hash.digest('hex') };
  } catch {
    return null;
  }
}

function loaderOf(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    const file = classifyDescriptor(fd, basename(path));
    return file.kind === 'program' ? file.loader : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Each file is there whole or not at all. @throws WardlockError START_USAGE where the folder can't be written */
function write(folder: string, { files }: Compiled): readonly string[] {
  makeFolder(folder);
  try {
    return files.map(({ name, text }) => {
      const path = join(folder, name);
      writeFileSync(`${path}.part`, text);
      renameSync(`${path}.part`, path);
      return path;
    });
  } catch (cause) {
    throw notWritten(folder, cause);
  }
}
