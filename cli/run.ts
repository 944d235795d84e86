/**
 * Runs a command line: loads the modules that its first word needs, and turns what they throw into one plain sentence with its code.
 * Each command lives in a module of its own; this file owns none.
 */
import { Command, CommanderError, Help, type Option } from 'commander';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { VERSION } from '../core/version.ts';
import { leave } from './leaving.ts';
import { systemCode } from './system-code.ts';
import { systemFailure } from './system-failure.ts';

interface CommandModule {
  register(program: Command): void;
}

/**
 * Which modules a first word needs, or the first two. Only those are loaded: a badge tap must not wait for the server's code, nor
 * a verifier hold it in memory.
 */
export type CommandModules = Readonly<Record<string, readonly (() => Promise<CommandModule>)[]>>;

const FAILED = 1;
const USAGE = 64;
/** What commander adds to an option that may be repeated and begins with none. */
const EMPTY_LIST = / ?\(default: \[\]\)$/;
/** Begins a default that the option's own words give. */
const OWN_DEFAULT = '(default: ';
const usual = new Help();

/** Programs asked for JSON and get the same two things that a person gets. */
const json = process.argv.includes('--json');
/** Runs what the process was started with. What is wrong is said in one place, at the end. */
export async function runProgram(modules: CommandModules): Promise<void> {
  process.stdout.on('error', leaveToReader);
  process.stderr.on('error', leaveToReader);
  // Before any command is made: each takes these settings from here.
  const program = new Command('wardlock')
    .description('Shared clinic workstations: locked seats, staff, policy, record')
    .version(VERSION, '--version', 'print which Wardlock this is')
    // Options stand behind their command: `server` and the commands under it have some of the same name.
    .enablePositionalOptions()
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    .configureOutput({ writeErr: (text) => (json ? false : process.stderr.write(text)), outputError: () => undefined });
  const [word = '', second = ''] = process.argv.slice(2);
  const asked = [`${word} ${second}`, word].find((name) => Object.hasOwn(modules, name));
  const wanted = asked === undefined ? undefined : modules[asked];
  // A key of two words is a shorter list of what its first word has already.
  const everything = Object.entries(modules).flatMap(([name, loads]) => (name.includes(' ') ? [] : loads));
  for (const load of wanted ?? everything) (await load()).register(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) fail(usageFailure(error));
    else if (isWardlockError(error)) fail(error);
    else {
      const refused = systemFailure(error);
      if (refused === null) throw error;
      fail(refused);
    }
  }
}

/** Whoever reads through a pipe and has seen enough, such as `head`, ends the command, as in `writeOut`. */
function leaveToReader(error: Error): void {
  if (systemCode(error) !== 'EPIPE') throw error;
  leave(FAILED);
}

/** Says which options a command can't do without, and a default once: in our words where there are some. */
function describeOption(option: Option): string {
  const { description, mandatory } = option;
  const words = description.includes(OWN_DEFAULT) ? description : usual.optionDescription(option).replace(EMPTY_LIST, '');
  return mandatory ? `${words} (needed)` : words;
}

/** Says what failed, in the form that was asked for; null is no failure. */
function fail(failure: WardlockError | null): void {
  if (failure === null) return;
  process.stderr.write(json ? `${JSON.stringify({ error: failure.toBody() })}\n` : `${failure.message} (${failure.code})\n`);
  process.exitCode = failure.code === 'START_USAGE' ? USAGE : FAILED;
}

/** What commander found wrong, as an error of Wardlock; null where it only showed the help that was asked for. */
function usageFailure({ exitCode, code, message }: CommanderError): WardlockError | null {
  if (exitCode === 0) return null;
  if (code === 'commander.help') return new WardlockError('START_USAGE', 'Name one of the commands. See --help.');
  const extra = excessIn(message);
  if (extra !== null) return new WardlockError('START_USAGE', `${extra} See --help.`);
  const [what = '', hint = ''] = message.replace(/^error: /, '').split('\n');
  const meant = /did you mean ([^?]+)/i.exec(hint)?.[1];
  // Some of commander's sentences end with a full stop, most do not.
  const words = `${what.charAt(0).toUpperCase()}${what.slice(1).replace(/\.$/, '')}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
  return new WardlockError('START_USAGE', `${words} See --help.`);
}

/** Of too many arguments, those that are too many; null where it is about something else. */
function excessIn(message: string): string | null {
  const [, command, wanted = '0', given = ''] =
    /too many arguments for '([^']+)'\. Expected (\d+) .* got \d+: (.+)\.$/i.exec(message) ?? [];
  return command === undefined
    ? null
    : `'${command}' does not know what to do with '${given.split(', ').slice(Number(wanted)).join(', ')}'.`;
}
