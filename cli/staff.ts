/** `staff add|list|import`: who may sign in at which seats. Badge numbers and PINs go in and never come out again. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Value } from 'typebox/value';
import { WardlockError } from '../core/errors/index.ts';
import type { Site } from '../server/compose.ts';
import type { StaffRow } from '../server/services/staff.ts';
import { StaffFile } from '../server/services/staff-entry.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { publishedPolicy, unknownRoles } from './published-policy.ts';
import { secretInput } from './secret-input.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';
import { unreadable } from './system-failure.ts';

interface JsonFlags extends SiteFlags {
  readonly json?: boolean;
}

interface AddFlags extends JsonFlags {
  readonly name: string;
  readonly givenName?: string;
  readonly role: string;
  readonly badge: readonly string[];
  readonly ward: readonly string[];
  readonly validFrom?: string;
  readonly validUntil?: string;
  readonly revoked?: boolean;
  readonly pinStdin?: boolean;
}

const IMPORT_HELP = `
The file, with one object for each person:
{"staff": [
  {"id": "n.ada", "displayName": "Ada Reyes", "givenName": "Ada", "role": "nurse", "badges": ["04A1B2C3D4"], "pin": "805917"},
  {"id": "v.sam", "displayName": "Sam Voss", "givenName": "Sam", "role": "vendor", "badges": [],
   "wards": ["icu"], "validFrom": "2026-11-23T06:00:00Z", "validUntil": "2026-11-27T18:00:00Z", "revoked": false}
]}
id, displayName, givenName, role and badges are needed; initials is known too. Without "pin" a person keeps the one there is, without "wards"
a person may work in every ward. Whoever is not in the file stays. All of it is taken, or nothing.`;
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function register(program: Command): void {
  const staff = group(program, 'staff', 'the people who may sign in');
  withState(staff.command('add <id>').description('add or replace one person'))
    .requiredOption('--name <name>', 'full name')
    .option('--given-name <name>', 'first name (default: first word of the name)')
    .requiredOption('--role <id>', 'role, as the policy names it')
    .option('--badge <number>', 'badge number (repeatable)', collect, [])
    .option('--ward <id>', 'ward (repeatable; none: every ward)', collect, [])
    .option('--valid-from <time>', 'not before this moment, such as 2026-11-23T06:00:00Z')
    .option('--valid-until <time>', 'not from this moment on: for agency staff and vendors')
    .option('--revoked', 'may not sign in any more; an open session ends')
    .option('--pin-stdin', 'read the PIN from standard input, so that it stands in no process list')
    .action(add);
  withState(staff.command('import <file>').description('add or replace everyone in a JSON file: {"staff": [...]}'))
    .addHelpText('after', IMPORT_HELP)
    .action(importFile);
  withState(staff.command('list').description('list everyone')).action(list);
}

function withState(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function add(id: string, flags: AddFlags): Promise<void> {
  const pin = flags.pinStdin === true ? (await secretInput('PIN')).trim() : undefined;
  const entry = {
    id,
    displayName: flags.name,
    givenName: flags.givenName ?? flags.name.split(/\s+/)[0] ?? flags.name,
    role: flags.role,
    badges: flags.badge,
    wards: flags.ward,
    ...(flags.validFrom === undefined ? {} : { validFrom: flags.validFrom }),
    ...(flags.validUntil === undefined ? {} : { validUntil: flags.validUntil }),
    ...(flags.revoked === undefined ? {} : { revoked: flags.revoked }),
    ...(pin === undefined ? {} : { pin }),
  };
  const { row, warning } = await withSite(flags, async (site) => {
    await site.staff.put([entry]);
    return { row: (await site.staff.list()).find((one) => one.id === id), warning: await rolesToCheck(site, [entry]) };
  });
  warn(warning);
  say(flags, { id }, `${id} ${row === undefined ? 'is on the staff list' : standing(row, flags)}. Connected seats know it within seconds.`);
}

async function rolesToCheck(site: Site, staff: readonly { readonly role: string }[]): Promise<string | null> {
  const policy = await site.policies.latest();
  const roles = staff.map(({ role }) => role);
  return unknownRoles(roles, publishedPolicy(policy?.envelope ?? null));
}

function warn(warning: string | null): void {
  if (warning !== null) process.stderr.write(`${warning}\n`);
}

/** Whether this person gets in, and what is missing. */
function standing({ pin, badges, revoked }: StaffRow, { validFrom, validUntil }: AddFlags): string {
  if (revoked) return 'may not sign in any more';
  if (!pin) return 'is on the staff list and can not sign in yet: there is no PIN. Give one with --pin-stdin';
  const from = validFrom === undefined ? '' : ` from ${validFrom}`;
  const until = validUntil === undefined ? '' : ` until ${validUntil}`;
  return `can sign in${from}${until}${badges === 0 ? ', where the policy lets people in by name: there is no badge' : ''}`;
}

async function importFile(path: string, flags: JsonFlags): Promise<void> {
  const file = readJson(path);
  if (!Value.Check(StaffFile, file))
    throw new WardlockError(
      'SERVER_STAFF_MALFORMED',
      `${path} must hold one object with one list of at most 5000 people: {"staff": [...]}.`,
    );
  const { rows, warning } = await withSite(flags, async (site) => {
    await site.staff.put(file.staff);
    const rows = await site.staff.list();
    const people = rows.filter(({ revoked }) => !revoked);
    return { rows, warning: await rolesToCheck(site, people) };
  });
  warn(warning);
  const people = file.staff.length;
  const taken = people === 1 ? '1 person is taken over' : `${people} people are taken over`;
  const without = rows.filter(({ pin, revoked }) => !pin && !revoked).length;
  const missing = without === 0 ? '' : ` On the whole list ${without} without a PIN can not sign in yet.`;
  say(
    flags,
    { people },
    people === 0 ? 'The list is empty: nothing was changed.' : `${taken}. Connected seats know it within seconds.${missing}`,
  );
}

async function list(flags: JsonFlags): Promise<void> {
  const rows = await withSite(flags, (site) => site.staff.list());
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  if (rows.length === 0)
    process.stdout.write('Nobody yet. Add people with: staff add ID --name NAME --role ROLE --badge NUMBER --pin-stdin\n');
  for (const row of rows) {
    const traits = [`${row.badges} badge${row.badges === 1 ? '' : 's'}`, row.pin ? 'PIN' : 'no PIN', ...(row.revoked ? ['revoked'] : [])];
    process.stdout.write(`${row.id.padEnd(20)} ${row.displayName.padEnd(28)} ${row.role.padEnd(16)} ${traits.join(', ')}\n`);
  }
}

function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own words may quote a PIN that stands in the file.
    throw new WardlockError('START_USAGE', `${path} is no JSON.${lineOf(text, cause)} Expected is {"staff": [...]}.`, { cause });
  }
}

/** Editors of Windows begin a text with a mark that JSON does not know. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Where the parser stopped, as an editor counts. */
function lineOf(text: string, cause: unknown): string {
  const at = /position (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1];
  return at === undefined ? '' : ` Look at line ${text.slice(0, Number(at)).split('\n').length}.`;
}
