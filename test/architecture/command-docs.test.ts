/**
 * Holds the command line and the pages against each other: each command has its row in docs/command-line.md, and each command that a row
 * or an example names is there, with the options that stand beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { root } from './support.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];

interface CommandModule {
  register(program: Command): void;
}

/** All commands, as `cli/program.ts` puts them together when none is asked for. */
async function wholeProgram(): Promise<Command> {
  const lists = ['cli/program.ts', 'cli/seat-commands.ts'].map(read).join('\n');
  const names = new Set([...lists.matchAll(/import\('\.\/([\w-]+\.ts)'\)/g)].map(([, name = '']) => name));
  const program = new Command('wardlock').enablePositionalOptions();
  for (const name of names) {
    const module: CommandModule = await import(join(root, 'cli', name));
    module.register(program);
  }
  return program;
}

/** The names of a command and of each one under it that does something. */
function pathsOf(command: Command, before: readonly string[] = []): readonly (readonly string[])[] {
  return command.commands.flatMap((child) => {
    const path = [...before, child.name()];
    const under = pathsOf(child, path);
    return child.commands.length === 0 ? [path] : under;
  });
}

/** The words of what is typed: `\|` between alternatives, brackets and what a shell would read are none of the command's. */
const wordsOf = (typed: string): readonly string[] =>
  typed
    .replaceAll('\\|', '|')
    .replaceAll(/[[\]…]/g, ' ')
    .split(/\s+/)
    .filter(Boolean);

/** The commands that the words name, each as far as they go: `hold place|lift` are two. Empty where the first word is none. */
function named(program: Command, words: readonly string[]): readonly Command[] {
  let reached: readonly Command[] = [program];
  for (const word of words) {
    const next = reached.flatMap((command) => command.commands.filter((child) => word.split('|').includes(child.name())));
    if (next.length === 0) break;
    reached = next;
  }
  return reached[0] === program ? [] : reached;
}

/** Options that the words hold and one of the commands does not have. */
function foreignOptions(commands: readonly Command[], words: readonly string[]): readonly string[] {
  const asked = words
    .flatMap((word) => /^--[a-z][a-z-]*/.exec(word)?.[0] ?? [])
    .filter((option) => option !== '--help' && option !== '--version');
  return asked.filter((option) => commands.some((command) => !command.options.some(({ long }) => long === option)));
}

/** What is wrong with something that a page says to type. */
function wrongIn(program: Command, typed: string): readonly string[] {
  const words = wordsOf(typed);
  const [first = ''] = words;
  if (first === '' || first.startsWith('-') || /^[A-Z]+$/.test(first)) return [];
  const commands = named(program, words);
  if (commands.length === 0) return [`${typed}: no such command`];
  return foreignOptions(commands, words).map((option) => `${typed}: ${option}`);
}

/** The first cells of a page's tables, code by code. */
const cellsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^\| (`.*?`) \| /gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));

/** What follows the checkout's own call, to the end of the code or to a remark; lines that end with a backslash go on. */
const examplesOf = (text: string): readonly string[] =>
  [...text.replaceAll(/\\\n\s*/g, ' ').matchAll(/npm run -s cli -- ([^`\n]+)/g)].map(([, typed = '']) => typed.replace(/\s+#.*$/, ''));

/** Commands with options in the midst of a sentence. */
const mentionsOf = (program: Command, text: string): readonly string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes(' --') && named(program, wordsOf(code)).length > 0);

let program: Command;
beforeAll(async () => {
  program = await wholeProgram();
});

describe('docs/command-line.md', () => {
  const section = read('docs/command-line.md').split('\n## At a seat\n')[1] ?? '';

  test('has a row for each command', () => {
    const rows = cellsOf(section).map(wordsOf);
    const isIn = (path: readonly string[]): boolean => rows.some((row) => path.every((name, at) => row[at]?.split('|').includes(name)));
    const paths = pathsOf(program);
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !isIn(path)).map((path) => path.join(' '))).toEqual([]);
  });

  test('names no command and no option that is not there', () => {
    expect(cellsOf(section).flatMap((typed) => wrongIn(program, typed))).toEqual([]);
  });
});

test.each(pages)('%s names commands as the command line takes them', (page) => {
  const text = read(page);
  expect([...examplesOf(text), ...mentionsOf(program, text)].flatMap((typed) => wrongIn(program, typed))).toEqual([]);
});

test('a command and an option that are not there are found, in rows and in examples', () => {
  expect(wrongIn(program, 'seat move ID --ward W')).toEqual(['seat move ID --ward W: --ward']);
  expect(wrongIn(program, 'reader --reader-key FILE')).toEqual(['reader --reader-key FILE: no such command']);
  expect(wrongIn(program, 'server hold place\\|lift --seat NAME')).toEqual(['server hold place\\|lift --seat NAME: --seat']);
  expect(wrongIn(program, 'policy publish FILE --server URL [--ca CA.pem]')).toEqual([]);
  expect(examplesOf('`npm run -s cli -- tap X` and\nnpm run -s cli -- server \\\n  --name a   # why')).toEqual([
    'tap X',
    'server  --name a',
  ]);
  expect(mentionsOf(program, 'See `staff code ID --hours 8`, `tap X` and `--state DIR`.')).toEqual(['staff code ID --hours 8']);
  expect(cellsOf('| `a b`, `c` | what `d` is |\n')).toEqual(['a b', 'c']);
});
