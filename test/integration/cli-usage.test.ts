/** A command line that is wrong, as people and programs meet it: exit code 64, one sentence with its code. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VERSION } from '../../core/version.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const EX_USAGE = 64;
/** A command that has not ended by then hangs. */
const LIMIT_MS = 30_000;

function cli(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: LIMIT_MS });
  return { status, stdout, stderr };
}

test.each([
  [['tap'], "Missing required argument 'badge'. See --help."],
  [['xyzzy'], "Unknown command 'xyzzy'. See --help."],
  [['status', '--jsn'], "Unknown option '--jsn'. Did you mean --json? See --help."],
  [['tap', 'x y'], '"x y" is no badge number. It has 4 to 64 letters, digits and dashes, such as 04A1B2C3D4.'],
  [['enrol-token', 'new', '--seat', 'Bay 4', '--ward', 'icu', '--hours', '0'], '--hours is a number above 0, at most 168.'],
  [
    ['audit', 'search', '--server', 'https://127.0.0.1:1', '--account', 'ines', '--from', '2026-12-01', '--to', '2026-11-01'],
    '--to 2026-11-01T00:00:00.000Z lies before --from 2026-12-01T00:00:00.000Z. Name the earlier time with --from.',
  ],
  [['keys', 'new', 'policy'], "Required option '--out <file>' not specified. See --help."],
])('%j ends with 64 and says what is wrong', (args, message) => {
  expect(cli(...args)).toEqual({ status: EX_USAGE, stdout: '', stderr: `${message} (START_USAGE)\n` });
});

test('--version says which Wardlock this is', () => {
  expect(cli('--version')).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: '' });
});

test('with --json the same is one JSON document', () => {
  const { status, stdout, stderr } = cli('tap', '--json');
  expect({ status, stdout }).toEqual({ status: EX_USAGE, stdout: '' });
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'START_USAGE', message: "Missing required argument 'badge'. See --help." } });
});

test('a group without a command shows its commands', () => {
  const { status, stderr } = cli('policy');
  expect(status).toBe(EX_USAGE);
  expect(stderr).toMatch(/publish[\s\S]*Name one of the commands. See --help. \(START_USAGE\)/);
});

test('help that was asked for is an answer', () => {
  const { status, stdout } = cli('tap', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Usage: wardlock tap');
});

test('a drill that could not keep its certificate is not begun', () => {
  const { status, stderr } = cli('drill', '--practice', '--out', MAIN);
  expect(status).toBe(EX_USAGE);
  expect(stderr).toBe(`Cannot write ${MAIN}. It exists already, and a certificate is never overwritten. (START_USAGE)\n`);
});

describe('a server that can not start, or a command of it', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardlock-usage-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const server = (...more: readonly string[]) =>
    cli('server', '--state', join(folder, 'site'), '--listen-seats', '127.0.0.1:0', '--listen-console', '127.0.0.1:0', ...more);

  test('because one of its two ports is taken ends, with the port and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const bound = other.address();
      const port = typeof bound === 'object' ? bound?.port : undefined;
      const { status, stderr } = server('--listen-console', `127.0.0.1:${port}`);
      expect(status).toBe(1);
      expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken by another program`);
      expect(stderr).toContain('name another port with --listen-console. (SERVER_LISTEN_FAILED)');
      expect(stderr).not.toContain('EADDRINUSE');
    } finally {
      other.close();
    }
  });

  test.each([
    ['is not there', null, /^There is nothing at \S+outside\. Check the path\. \(START_USAGE\)/],
    ['is none', 'Smith^Anna', /outside is no checkpoint, or not all of one\. Give the file as it came/],
    ['is cut off', `wardlock/site/log/${'0'.repeat(16)}\n3\n`, /outside is no checkpoint, or not all of one\. /],
    [
      "is of a seat's log",
      `wardlock/seat/${'0'.repeat(32)}/${'0'.repeat(16)}\n0\n${Buffer.alloc(32).toString('base64')}\n\n— x ${Buffer.alloc(68).toString('base64')}\n`,
      /outside is a checkpoint of wardlock\/seat\/0+\/0+, which is no log of logs\. /,
    ],
  ])('a checkpoint that %s is said to be the wrong file, and no fault of a log', async (_what, text, words) => {
    const outside = join(folder, 'outside');
    if (text !== null) await writeFile(outside, text);
    const { status, stdout, stderr } = cli('server', 'log', 'verify', '--state', folder, '--checkpoint', outside);
    expect([status, stdout]).toEqual([EX_USAGE, '']);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('Smith');
  });

  test('under an id that no policy could name says which ones can', () => {
    const { status, stderr } = server('--tenant', 'Haus A!');
    expect(status).toBe(EX_USAGE);
    expect(stderr).toContain('Haus A! is no id of a site: take letters, digits, dots, dashes, 64 at most, such as st-anna.');
  });

  test.each(['https://wardlock.example.org', 'wardlock.example.org:9443', 'ward lock', ''])(
    'under the name %j says how one looks',
    (name) => {
      const { status, stderr } = server('--name', 'wardlock.example.org', '--name', name);
      expect({ status, made: existsSync(join(folder, 'site')) }).toEqual({ status: EX_USAGE, made: false });
      expect(stderr).toContain(`${name} is no name of a machine. Give --name as wardlock.example.org, without https:// and port.`);
    },
  );

  test('with a private key where the public one is enough says which file to name', () => {
    const key = join(folder, 'policy.key');
    expect(cli('keys', 'new', 'policy', '--out', key).status).toBe(0);
    const { status, stderr } = server('--policy-key', key);
    expect(status).toBe(EX_USAGE);
    expect(stderr).toContain(`${key} is a private key, and only the public one is needed here. Name ${key}.pub`);
  });

  test('with a key of another kind makes no site, whose id would stand for good', () => {
    const key = join(folder, 'reader.key');
    cli('keys', 'new', 'reader', '--out', key);
    const { status, stderr } = server('--policy-key', `${key}.pub`);
    expect({ status, made: existsSync(join(folder, 'site')) }).toEqual({ status: EX_USAGE, made: false });
    expect(stderr).toContain('reader.key.pub is no policy key file.');
  });

  test('a key in a folder that is not there, and one that is there already, are told apart', () => {
    const key = join(folder, 'policy.key');
    expect(cli('keys', 'new', 'policy', '--out', join(folder, 'none', 'policy.key')).stderr).toContain(
      'Its folder does not exist: make that first.',
    );
    cli('keys', 'new', 'policy', '--out', key);
    expect(cli('keys', 'new', 'policy', '--out', key).stderr).toContain('It exists already, and a key is never overwritten.');
  });
});
