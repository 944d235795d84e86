/** `staff code|cards|withdraw`: what stands for a badge for a while. A code is shown once, here, and is nowhere else. */
import type { Command } from 'commander';
import { MOST_CODES } from '../contract/directory.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type IssuedCode, LONGEST_CARD_DAYS, LONGEST_CODE_HOURS } from '../server/services/codes.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface JsonFlags extends SiteFlags {
  readonly json?: boolean;
}

const ACTOR = 'cli';
const USUAL_HOURS = 8;
const USUAL_CARDS = 10;
const USUAL_DAYS = 90;
const GROUP_DIGITS = 4;

export function register(program: Command): void {
  const staff = group(program, 'staff', 'the people who may sign in');
  withState(staff.command('code <id>').description('a temporary code for a forgotten badge; it still needs the PIN'))
    .option('--hours <n>', `how long it is valid, at most ${LONGEST_CODE_HOURS}`, whole, USUAL_HOURS)
    .action(code);
  withState(staff.command('cards <id>').description('downtime cards to print: each opens each seat once, offline too, with the PIN'))
    .option('--count <n>', `how many, at most ${MOST_CODES} with those there are`, whole, USUAL_CARDS)
    .option('--days <n>', `how long they are valid, at most ${LONGEST_CARD_DAYS}`, whole, USUAL_DAYS)
    .action(cards);
  withState(staff.command('withdraw <id>').description('make every code and card of one person worthless')).action(withdraw);
}

function withState(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function code(id: string, flags: JsonFlags & { readonly hours: number }): Promise<void> {
  const issued = await withSite(flags, (site) => site.codes.issue(id, flags.hours, ACTOR));
  say(flags, issued, `Code of ${id}: ${grouped(issued.code)}, until ${issued.validUntil}. Connected seats know it within seconds.`);
}

async function cards(id: string, flags: JsonFlags & { readonly count: number; readonly days: number }): Promise<void> {
  const made = await withSite(flags, (site) => site.codes.cards(id, flags, ACTOR));
  say(flags, { cards: made }, [`Downtime cards of ${id}, until ${made[0]?.validUntil ?? ''}:`, ...made.map(card)].join('\n'));
}

async function withdraw(id: string, flags: JsonFlags): Promise<void> {
  const withdrawn = await withSite(flags, (site) => site.codes.withdraw(id, ACTOR));
  say(flags, { withdrawn }, `${withdrawn} codes and cards of ${id} are worthless now; at a seat that is offline once it is connected.`);
}

const card = ({ code: digits }: IssuedCode, at: number): string => `${String(at + 1).padStart(3)}  ${grouped(digits)}`;

function grouped(digits: string): string {
  return digits.match(new RegExp(`.{1,${GROUP_DIGITS}}`, 'g'))?.join(' ') ?? digits;
}

function whole(text: string): number {
  if (!/^[0-9]{1,4}$/.test(text)) throw new WardlockError('START_USAGE', `${text} is no whole number.`);
  return Number(text);
}
