/**
 * `policy explain`: why a program would run for somebody somewhere at some time, or why not, or what else holds for them. It
 * reads the policy and the program's file, asks nobody and starts nothing.
 */
import { createHash } from 'node:crypto';
import { createReadStream, realpathSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { LaunchFacts } from '../core/decision/decide.ts';
import { type Explanation, explain, type Heard } from '../core/decision/explain.ts';
import { WEEKDAYS, type Weekday, type Whereabouts } from '../core/decision/rule.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type ProgramFile, type ProgramUse, runs, usesOf } from '../policies/explain.ts';
import type { PolicyDocument } from '../policies/schema.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { policyInForce, readPolicy } from './policy-file.ts';
import { settingsOf } from './policy-settings.ts';

interface ExplainFlags {
  readonly role?: string;
  readonly emergency?: boolean;
  readonly ward: string;
  readonly seat: string;
  readonly at?: string;
  readonly exec?: string;
  readonly app?: string;
  readonly settings?: boolean;
  readonly state: string;
  readonly json?: boolean;
}

/** What is asked about, and what the policy says. */
interface Answer {
  readonly runs: boolean;
  readonly lines: readonly string[];
  readonly body: object;
}

const WOULD_NOT = 1;
const MINUTES_AN_HOUR = 60;
/** Where `npm start` keeps its seat. */
const CLINIC_SEAT = join(import.meta.dirname, '../.wardlock/seat');
const DATE_AND_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}$/;
const TIME = /^(?:([a-z]{3})[a-z]* +)?([01]?\d|2[0-3]):([0-5]\d)$/i;
const DAY_NAMES: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
};
const LEVEL_WORDS = { content: 'its content', app: 'the application', path: 'its path', any: 'everything' } as const;
const CONDITION_WORDS = {
  roles: 'another role',
  wards: 'another ward',
  seatGroups: 'other seats',
  days: 'other days',
  between: 'other hours',
} as const;

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('explain [file]')
    .description('say why a program would run, or would not; exit code 1 when it would not. Without a file: the policy in force at a seat')
    .option('--state <dir>', 'state folder of the seat, where no file is named; without it that of the clinic of npm start', CLINIC_SEAT)
    .option('--role <role>', 'role of the person, as the policy calls it')
    .option('--emergency', 'a session of emergency access, instead of --role')
    .option('--ward <ward>', 'ward of the seat', '')
    .option('--seat <name>', 'name of the seat, for rules about groups of seats', '')
    .option('--at <time>', 'when by the seat, as "02:30", "tue 02:30" or "2030-01-15T02:30" (default: now)')
    .option('--exec <path>', 'the program by its absolute path; its content is compared where the file is on this machine')
    .option('--app <id>', 'an application of the policy, instead of --exec; web applications have no program')
    .option('--settings', 'instead of a program: the timers, PIN rules, devices and choices that hold there and then')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, flags: ExplainFlags) => {
      const document = file === undefined ? policyInForce(flags.state) : readPolicy(file);
      const facts = { session: sessionOf(flags, document), where: whereOf(flags) };
      const answer = await answerTo(document, flags, facts);
      if (!answer.runs) process.exitCode = WOULD_NOT;
      say(flags, { policyVersion: document.version, ...facts, ...answer.body }, answer.lines.join('\n'));
    });
}

async function answerTo(document: PolicyDocument, flags: ExplainFlags, facts: Omit<LaunchFacts, 'appId'>): Promise<Answer> {
  const asked = [flags.exec, flags.app, flags.settings].filter((one) => one !== undefined);
  if (asked.length !== 1)
    throw new WardlockError(
      'START_USAGE',
      'Name a program with --exec PATH or an application with --app ID, or ask for --settings, one of the three.',
    );
  if (flags.settings === true) {
    const settings = settingsOf(document, { ...facts.where, role: facts.session?.kind === 'person' ? facts.session.role : null });
    return { runs: true, ...settings };
  }
  if (flags.app !== undefined) {
    if (!document.apps.some(({ id }) => id === flags.app)) throw notNamed('application', flags.app, document.apps);
    const explanation = explain({ ...facts, appId: flags.app }, document);
    const isAllowed = explanation.decision.effect === 'allow';
    const name = document.apps.find(({ id }) => id === flags.app)?.name ?? flags.app;
    return { runs: isAllowed, lines: decided(name, explanation, facts), body: { runs: isAllowed, app: flags.app, explanation } };
  }
  const path = flags.exec ?? '';
  if (!isAbsolute(path))
    throw new WardlockError(
      'START_USAGE',
      `Name the program by its absolute path, such as --exec /usr/bin/xcalc: a policy names no other, and ${path} could be anywhere.`,
    );
  const program = await readProgram(path);
  const uses = usesOf(document, program, facts);
  const isRun = uses.some(runs);
  return { runs: isRun, lines: programLines(program, uses, facts), body: { runs: isRun, program, uses } };
}

function programLines(program: ProgramFile, uses: readonly ProgramUse[], facts: Omit<LaunchFacts, 'appId'>): readonly string[] {
  if (uses.length === 0) return [`${program.path} would not run: the policy names it nowhere.`];
  const file = program.sha256 === null ? [`${program.path} is not on this machine: its content can't be compared.`] : [];
  return [...file, ...uses.flatMap((use) => useLines(program.path, use, facts))];
}

function useLines(path: string, use: ProgramUse, facts: Omit<LaunchFacts, 'appId'>): readonly string[] {
  const what = {
    app: `${path} is the application ${use.name}.`,
    child: `${path} is a program that ${use.name} may start, and runs only inside it.`,
    script: `${path} is a script that ${use.name} may be given, and runs only inside it.`,
  }[use.as];
  const but = use.explanation.decision.effect === 'allow' ? 'But it' : 'It';
  const changed =
    use.contentFits === false ? [`${but} would not start: its content on this machine is not the one that the policy names.`] : [];
  const recalled = use.recalled ? [`${but} would not start: a rule denies it to everyone, and ${use.name} starts without it.`] : [];
  // What the file itself stands in the way of comes last: it holds whatever was decided.
  return [what, ...decided(use.name, use.explanation, facts), ...changed, ...recalled];
}

function decided(name: string, { decision, heard }: Explanation, facts: Omit<LaunchFacts, 'appId'>): readonly string[] {
  const { day, minute, ward, seat } = facts.where;
  const clock = `${String(Math.floor(minute / MINUTES_AN_HOUR)).padStart(2, '0')}:${String(minute % MINUTES_AN_HOUR).padStart(2, '0')}`;
  const who = facts.session?.kind === 'person' ? `The role ${facts.session.role}` : 'Emergency access';
  const place = `${ward === '' ? '' : ` in ${ward}`}${seat === '' ? '' : ` at ${seat}`} on ${DAY_NAMES[day]} at ${clock}`;
  const may = decision.effect === 'allow' ? 'may start' : 'may not start';
  return [
    `${who}${place} ${may} ${name}: ${WHY[decision.reason]} (${decision.ruleId}).`,
    ...(decision.wouldDeny === undefined ? [] : [`In lockdown it would not start: ${WHY[decision.wouldDeny]}.`]),
    ...heard.map((rule) => heardLine(rule, decision.ruleId)),
  ];
}

const WHY = {
  rule: 'allowed',
  monitor: 'the policy only watches',
  'rule-denies': 'a rule denies it',
  'role-lacks-app': 'nothing that speaks here and now allows it',
  'role-unknown': 'the policy has no such role',
  'app-unknown': 'the policy has no such application',
  'breakglass-lacks-app': 'emergency access does not list it',
  'no-session': 'nobody is signed in',
} as const;

function heardLine({ ruleId, effect, level, unmet }: Heard, deciding: string): string {
  const state =
    ruleId === deciding
      ? 'decides'
      : unmet.length > 0
        ? `silent: for ${unmet.map((one) => CONDITION_WORDS[one]).join(', ')}`
        : 'outweighed';
  return `  ${effect.padEnd(5)}  ${ruleId}, by ${LEVEL_WORDS[level]}: ${state}`;
}

function sessionOf({ role, emergency }: ExplainFlags, document: PolicyDocument): LaunchFacts['session'] {
  if ((role === undefined) === (emergency !== true))
    throw new WardlockError('START_USAGE', 'Name a role with --role ROLE, or say --emergency, one of the two.');
  if (role === undefined) return { kind: 'breakglass' };
  if (!document.roles.some(({ id }) => id === role)) throw notNamed('role', role, document.roles);
  return { kind: 'person', role };
}

/** More names than this help nobody. */
const NAMES_SHOWN = 20;

function notNamed(what: string, asked: string, list: ReadonlyArray<{ readonly id: string }>): WardlockError {
  const names = list.slice(0, NAMES_SHOWN).map(({ id }) => id);
  const more = list.length > NAMES_SHOWN ? ` and ${list.length - NAMES_SHOWN} more` : '';
  return new WardlockError('START_USAGE', `The policy has no ${what} ${asked}. It has: ${names.join(', ')}${more}.`);
}

function whereOf({ ward, seat, at }: ExplainFlags): Whereabouts {
  const isDate = at !== undefined && DATE_AND_TIME.test(at);
  const now = isDate ? new Date(at.replace(' ', 'T')) : new Date();
  const today = WEEKDAYS[(now.getDay() + WEEKDAYS.length - 1) % WEEKDAYS.length] ?? 'mon';
  if (at === undefined || (isDate && Number.isFinite(now.getTime())))
    return { ward, seat, day: today, minute: now.getHours() * MINUTES_AN_HOUR + now.getMinutes() };
  const [, dayText, hours, minutes] = TIME.exec(at) ?? [];
  const day = dayText === undefined ? today : WEEKDAYS.find((one) => one === dayText.toLowerCase());
  if (hours === undefined || minutes === undefined || day === undefined)
    throw new WardlockError('START_USAGE', `${at} is no time. Write it as "02:30", "tue 02:30" or "2030-01-15T02:30".`);
  return { ward, seat, day, minute: Number(hours) * MINUTES_AN_HOUR + Number(minutes) };
}

/** The file behind every link, as the launcher would open it; a path that leads nowhere stays as it was written. */
async function readProgram(path: string): Promise<ProgramFile> {
  const real = realPath(resolve(path));
  const isAt = (other: string): boolean => realPath(other) === real;
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(real), hash);
  } catch {
    return { path: real, sha256: null, isAt };
  }
  return { path: real, sha256: hash.digest('hex'), isAt };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
