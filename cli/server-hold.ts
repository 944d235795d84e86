/** `server hold place|lift|list`: what no purge may touch, with who says so and why. On the server's machine. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Hold, Placed } from '../server/services/holds.ts';
import { say } from './agent-client.ts';
import { timeOf } from './auditor.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface HoldFlags extends SiteFlags {
  readonly seat?: string;
  readonly person?: string;
  readonly from?: string;
  readonly to?: string;
  readonly reason: string;
  readonly by?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const hold = group(group(program, 'server', 'the server'), 'hold', 'legal holds: what no purge may touch');
  withFlags(hold.command('place').description('hold what fits all that is given: a seat, a person, a time'))
    .option('--seat <name>', 'a seat: its name, for every machine that has it or gets it later, or the workstation id of one machine')
    .option('--person <id>', 'everything that this person did')
    .option('--from <time>', 'begin, such as 2026-03-01T02:00:00Z')
    .option('--to <time>', 'end')
    .requiredOption('--reason <text>', 'why: a case number, a letter; no names of patients')
    .option('--by <name>', 'who answers for it (default: the user of this machine)')
    .action(place);
  withFlags(hold.command('lift <id>').description('let the next purge take what only this hold keeps'))
    .requiredOption('--reason <text>', 'why it ends')
    .option('--by <name>', 'who answers for it (default: the user of this machine)')
    .action(lift);
  withFlags(hold.command('list').description('list the holds that stand')).option('--all', 'those that were lifted too').action(list);
}

function withFlags(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function place(flags: HoldFlags): Promise<void> {
  const { seat, person, from, to, reason } = flags;
  const time = {
    from: from === undefined ? undefined : Date.parse(timeOf(from)),
    to: to === undefined ? undefined : Date.parse(timeOf(to)),
  };
  const { placed, known } = await withSite(flags, async (site) => ({
    placed: await site.holds.place({ seat, person, ...time, reason, by: whoIs(flags) }),
    known: person === undefined || (await site.staff.list()).some(({ id }) => id === person),
  }));
  // It stands all the same: the record may know somebody that the list does not. A hold for a misspelt id keeps nothing.
  if (!known)
    process.stderr.write(`Nobody on the staff list has the id ${person}. If it is misspelt, lift this hold and place the right one.\n`);
  const { hold, workstations } = placed;
  say(
    flags,
    { ...bodyOf(hold), workstations },
    `Hold ${hold.id} stands.${machinesOf(placed)} Nothing that fits it is purged until: server hold lift ${hold.id} --reason TEXT`,
  );
}

/** A name may mean more machines than whoever placed the hold thought of. */
function machinesOf({ hold, workstations }: Placed): string {
  if (hold.seat_name === null || workstations.length < 2) return '';
  return ` ${workstations.length} machines are called ${hold.seat_name}, and it keeps all of them: ${workstations.join(', ')}.`;
}

async function lift(id: string, flags: HoldFlags): Promise<void> {
  const hold = await withSite(flags, (site) => site.holds.lift(id, { reason: flags.reason, by: whoIs(flags) }));
  say(flags, bodyOf(hold), `Hold ${id} is lifted. The next purge takes what only it kept.`);
}

async function list(flags: HoldFlags): Promise<void> {
  const holds = await withSite(flags, (site) => site.holds.list(flags.all === true ? 'all' : 'standing'));
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(holds.map(bodyOf))}\n`);
    return;
  }
  for (const hold of holds) process.stdout.write(`${inWords(hold)}\n`);
  if (holds.length === 0) process.stdout.write('No hold stands.\n');
}

/** People answer for holds: the name that was given, or the account of the machine. */
export function whoIs({ by }: { readonly by?: string }): string {
  return by ?? `cli:${userInfo().username}`;
}

function bodyOf(hold: Hold): object {
  const time = (at: number | null): string | null => (at === null ? null : new Date(Number(at)).toISOString());
  return {
    id: hold.id,
    workstationId: hold.workstation_id,
    seat: hold.seat_name,
    person: hold.person_id,
    from: time(hold.from_at),
    to: time(hold.to_at),
    reason: hold.reason,
    placedBy: hold.placed_by,
    placedAt: time(hold.placed_at),
    liftedBy: hold.lifted_by,
    liftedAt: time(hold.lifted_at),
    liftReason: hold.lift_reason,
  };
}

function seatInWords({ workstation_id, seat_name }: Hold): string {
  if (workstation_id !== null) return `machine ${workstation_id}`;
  return seat_name === null ? 'every seat' : `every machine called ${seat_name}`;
}

function inWords(hold: Hold): string {
  const time = (at: number | null, none: string): string => (at === null ? none : new Date(Number(at)).toISOString());
  const what = [
    seatInWords(hold),
    hold.person_id === null ? 'everybody' : `person ${hold.person_id}`,
    `${time(hold.from_at, 'from the beginning')} to ${time(hold.to_at, 'the end')}`,
  ];
  const lifted = hold.lifted_at === null ? '' : `; lifted by ${hold.lifted_by ?? 'unknown'}: ${hold.lift_reason ?? ''}`;
  return `${hold.id} ${what.join(', ')}; ${hold.placed_by}, ${time(hold.placed_at, '')}: ${hold.reason}${lifted}`;
}
