/** Mistakes of a tired administrator at the server's commands: one plain sentence that says what to do, and nothing half done. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite } from '../../server/compose.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const REFUSED = 1;
const EX_USAGE = 64;
/** As a shell says of Ctrl+C. */
const INTERRUPTED = 130;
/** A command that has not ended by then hangs. */
const LIMIT_MS = 30_000;
let folder: string;
let state: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wardlock-mistakes-'));
  state = join(folder, 'site');
  await (await openSite({ stateFolder: state, database: null, tenant: null })).close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cli(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--state', state], {
    encoding: 'utf8',
    input: '',
    timeout: LIMIT_MS,
  });
  return { status, stdout, stderr };
}

test('what the operating system refuses is one sentence, never a stack', () => {
  const file = join(folder, 'no-password');
  const search = ['audit', 'search', '--server', 'https://127.0.0.1:1', '--account', 'ines', '--password-file', file];
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...search], { encoding: 'utf8', input: '', timeout: LIMIT_MS });
  expect(status).toBe(REFUSED);
  expect(stderr).toBe(`There is nothing at ${file}. Check the path. (START_SYSTEM_REFUSED)\n`);
});

test('a backup into a folder that there is not names the file, and leaves nothing', () => {
  const file = join(folder, 'not-there', 'today.backup');
  expect(cli('server', 'backup', file)).toEqual({
    status: EX_USAGE,
    stdout: '',
    stderr: `Cannot write ${file}. Its folder does not exist: make that first. (START_USAGE)\n`,
  });
});

test('a backup that is not there is not called broken', () => {
  const file = join(folder, 'today.backup');
  const { status, stderr } = cli('server', 'restore', file, '--force');
  expect(status).toBe(EX_USAGE);
  expect(stderr).toBe(`There is no file at ${file}. Name a backup that \`server backup\` wrote. (START_USAGE)\n`);
});

test('a folder where the system makes nothing, or a file, is one sentence: nobody asks for it for ever', () => {
  const started = (program: string, ...args: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', input: '', timeout: LIMIT_MS });
    return [status, stderr.trim()];
  };
  const nowhere = '/proc/wardlock-site';
  const listen = ['--listen-seats', '127.0.0.1:0', '--listen-console', '127.0.0.1:0'];
  const nothing = [REFUSED, `There is nothing at ${nowhere}. Check the path. (START_SYSTEM_REFUSED)`];
  expect(started(MAIN, 'server', '--state', nowhere, ...listen)).toEqual(nothing);
  expect(started(MAIN, 'agent', '--state', nowhere)).toEqual(nothing);
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const clinic = join(import.meta.dirname, '..', '..', 'demo', 'main.ts');
  const advice = 'Name a folder that you may write with --state, inside one that exists. (START_SYSTEM_REFUSED)';
  expect(started(clinic, '--once', '--state', nowhere)).toEqual([
    REFUSED,
    `${nowhere} can't be the clinic's folder (ENOENT: no such file or directory, mkdir '${nowhere}'). ${advice}`,
  ]);
  expect(started(clinic, '--once', '--state', file)).toEqual([
    REFUSED,
    `${file} can't be the clinic's folder (ENOTDIR: not a directory, scandir '${file}'). ${advice}`,
  ]);
});

test('a word that a command does not take is named', () => {
  const { status, stderr } = cli('server', 'frobnicate');
  expect(status).toBe(EX_USAGE);
  expect(stderr).toBe("'server' does not know what to do with 'frobnicate'. See --help. (START_USAGE)\n");
});

test('a list of staff is refused by name and field, without a word of the schema or a value of the file', () => {
  const list = join(folder, 'staff.json');
  const told = (text: string): string => {
    writeFileSync(list, text);
    return cli('staff', 'import', list).stderr;
  };
  const person = { id: 'n.joerg', displayName: 'Jörg Süß', givenName: 'Jörg', role: 'nurse', badges: [] };
  expect(told(JSON.stringify({ staff: [person, { ...person, id: 'n.eva', pin: 805917 }] }))).toBe(
    'Person 2 (n.eva): "pin" must be a text of 4 to 12 digits, in quotes. (SERVER_STAFF_MALFORMED)\n',
  );
  expect(told('{"staff": [\n  {"pin": "805917",,}\n]}')).toBe(
    `${list} is no JSON. Look at line 2. Expected is {"staff": [...]}. (START_USAGE)\n`,
  );
  expect(told('[]')).toMatch(
    /must hold one object with one list of at most 5000 people: \{"staff": \[\.\.\.\]\}\. \(SERVER_STAFF_MALFORMED\)\n$/,
  );
  rmSync(list);
  expect(cli('staff', 'import', list).stderr).toBe(`There is nothing at ${list}. Check the path. (START_USAGE)\n`);
  mkdirSync(list);
  expect(cli('staff', 'import', list).stderr).toBe(`A file is needed, and a folder is at ${list}. (START_USAGE)\n`);
  rmSync(list, { recursive: true });
});

test('a list that an editor of Windows wrote is taken, and an empty one says that it changed nothing', () => {
  const list = join(folder, 'bom.json');
  writeFileSync(list, '\uFEFF{"staff":[]}');
  expect(cli('staff', 'import', list)).toEqual({ status: 0, stdout: 'The list is empty: nothing was changed.\n', stderr: '' });
  expect(readdirSync(folder)).toContain('bom.json');
});

test("what the checkout's own commands can do is told without doing it", () => {
  const root = join(import.meta.dirname, '..', '..');
  const run = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: LIMIT_MS });
  const help = (...args: readonly string[]) => run(...args, '--help');
  const suites = readdirSync(join(root, 'test', 'bench'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && file !== 'run.ts')
    .map((file) => file.slice(0, -'.ts'.length));
  const bench = help(join('test', 'bench', 'run.ts'));
  expect(bench.status).toBe(0);
  expect([...bench.stdout.matchAll(/^ {2}([a-z.]+) +\S/gm)].map(([, suite]) => suite)).toEqual(suites);
  expect(help(join('build', 'test.mjs'), 'test')).toMatchObject({ status: 0, stdout: expect.stringContaining('what npm test runs') });
  for (const script of ['ready.mjs', 'package.mjs'])
    expect(help(join('build', script))).toMatchObject({ status: 0, stdout: expect.stringMatching(/^npm run /), stderr: '' });
  // A file that is named must not begin all tests.
  for (const words of [
    ['test.mjs', 'test', 'cli/server.test.ts'],
    ['test.mjs', 'all'],
    ['package.mjs', '--linux'],
  ]) {
    const [script = '', ...rest] = words;
    const { status, stderr } = run(join('build', script), ...rest);
    expect(status).toBe(REFUSED);
    expect(stderr).toContain(`Stopped: This command does not know what to do with "${rest.at(-1)}".\nWhat to do: It is used like this:\n`);
  }
});

/** At a terminal of its own, which `script` makes: what is typed once each question is there, and all that is to be seen. */
async function atTerminal(
  command: readonly string[],
  answers: readonly string[],
): Promise<{ readonly code: unknown; readonly seen: string }> {
  const line = [process.execPath, MAIN, ...command].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], { timeout: LIMIT_MS });
  let seen = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
    const questions = seen.split(': ').length - 1;
    for (; answered < Math.min(questions, answers.length); answered += 1) child.stdin.write(answers[answered]);
  });
  const [code] = await once(child, 'exit');
  return { code, seen };
}

test('a password is asked for at a terminal, twice, and never shown', async () => {
  const PASSWORD = 'another horse battery';
  const add = ['account', 'add', 'ines', '--state', state];
  const wrong = await atTerminal(add, [`${PASSWORD}\r`, 'another horse\r']);
  expect(wrong.code).toBe(EX_USAGE);
  expect(wrong.seen).toContain('The second time was not like the first. Nothing was changed: start the command again. (START_USAGE)');
  expect(cli('account', 'list').stdout).toBe('Nobody yet. Add an auditor with: account add NAME\n');
  const stopped = await atTerminal(add, [`${PASSWORD}\u0003`]);
  expect(stopped.code).toBe(INTERRUPTED);
  const right = await atTerminal(add, [`${PASSWORD}\r`, `${PASSWORD}\r`]);
  expect([right.code, right.seen]).toEqual([0, expect.stringContaining('ines can sign in at the console.')]);
  for (const { seen } of [wrong, stopped, right]) expect(seen).not.toContain('horse');
  expect(cli('account', 'list').stdout).toMatch(/^ines /);
  expect(cli('account', 'remove', 'inez').stderr).toBe('There is no account inez. See: account list (SERVER_NOT_FOUND)\n');
  expect(cli('account', 'remove', 'ines').stdout).toMatch(/^ines can not sign in any more\. /);
  expect(cli('account', 'list').stdout).toBe('Nobody yet. Add an auditor with: account add NAME\n');
});

test("an auditor's password is asked for at a terminal, once, and not shown; none at all is said before anybody is asked", async () => {
  const search = ['audit', 'search', '--server', 'https://127.0.0.1:1', '--account', 'ines'];
  const typed = await atTerminal(search, ['another horse battery\r']);
  expect(typed.code).toBe(REFUSED);
  expect(typed.seen).toMatch(/^Password \(it is not shown\): \s*https:\/\/127\.0\.0\.1:1 did not answer/);
  expect(typed.seen).not.toContain('horse');
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...search], { encoding: 'utf8', input: '\n', timeout: LIMIT_MS });
  expect([status, stderr]).toEqual([EX_USAGE, 'There is no password on standard input. (START_USAGE)\n']);
});

test('a file that is no certificate is not taken for the authority of a site', () => {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, 'password');
  const search = ['audit', 'search', '--server', 'https://127.0.0.1:1', '--account', 'ines', '--ca', file];
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...search], { encoding: 'utf8', input: 'password', timeout: LIMIT_MS });
  expect([status, stderr]).toEqual([
    EX_USAGE,
    `${file} is no certificate. Name the site's authority: ca.pem in the server's state folder. (START_USAGE)\n`,
  ]);
});

test('a hold for an id that nobody has stands, and says so', () => {
  const { status, stdout, stderr } = cli('server', 'hold', 'place', '--person', 'n.nobody', '--reason', 'case 7');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Hold [0-9a-f]{12} stands\. /);
  expect(stderr).toBe('Nobody on the staff list has the id n.nobody. If it is misspelt, lift this hold and place the right one.\n');
});

test('a site without a seat says how one comes to be', () => {
  expect(cli('seat', 'list').stdout).toBe('No seat is enrolled. Make a token for one with: enrol-token new --seat NAME --ward WARD\n');
});
