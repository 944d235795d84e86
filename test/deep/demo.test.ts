/**
 * `npm start -- --once` as a newcomer meets it: a clone in an empty folder, nothing installed. The shift is played twice, on
 * the same state; afterwards nothing of it runs or stands outside its folder. And once where it must fail, in words.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import Type from 'typebox';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const SHIFT_LIMIT_MS = 300_000;
const INSTALL_LIMIT_MS = 300_000;
/** Each screen of the shift, and each of the auditor's. */
const PICTURES = 17;
/** An empty screen of one colour compresses to far less. */
const PICTURE_BYTES = 5_000;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const Runtime = Type.Object({ root: Type.String() });

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What clinics have made outside of their folders. Others may be open on this machine; their things are no finding. */
const outside = (): readonly string[] => [
  ...readdirSync('/run').filter((name) => name.startsWith('wardlock-')),
  ...readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('wardlock')),
];

describe('the clinic of npm start, in a clone', () => {
  let folder = '';
  let state = '';
  const start = (args: readonly string[]): Promise<Run> =>
    new Promise((resolve) => {
      const { DISPLAY: _display, ...env } = process.env;
      const options = { cwd: path.join(folder, 'clone'), env, maxBuffer: Number.POSITIVE_INFINITY };
      const child = execFile(process.execPath, ['build/start.mjs', ...args], options, (_failure, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });

  /** In a process group of its own, as a terminal has it: Ctrl+C reaches every process of it, and here twice. */
  async function interruptedAt(line: string): Promise<Run> {
    const { DISPLAY: _display, ...env } = process.env;
    const child = spawn(process.execPath, ['build/start.mjs', '--once', '--state', path.join(folder, 'stopped')], {
      cwd: path.join(folder, 'clone'),
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isReached = stdout.includes(line);
      stdout += text;
      if (isReached || !stdout.includes(line) || child.pid === undefined) return;
      process.kill(-child.pid, 'SIGINT');
      process.kill(-child.pid, 'SIGINT');
    });
    await once(child, 'close');
    return { code: child.exitCode ?? -1, stdout, stderr };
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wardlock-demo-'));
    state = path.join(folder, 'state');
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, path.join(folder, 'clone')]);
    const { stderr } = await new Promise<Run>((resolve) => {
      const child = execFile(process.execPath, ['build/ready.mjs'], { cwd: path.join(folder, 'clone') }, (_failure, stdout, words) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr: words }),
      );
    });
    expect(stderr).toContain('installed with npm ci');
  }, INSTALL_LIMIT_MS);

  afterAll(async () => {
    const copy = await readFile(path.join(folder, 'clone/out/runtime.json'), 'utf8').then(
      (text) => Value.Parse(Runtime, JSON.parse(text)).root,
      () => folder,
    );
    // Where others may not enter the clone, its programs were copied to where they may.
    if (!copy.startsWith(folder)) await rm(copy, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });

  test.each(['on a new state folder', 'on that of the run before'])(
    'a shift %s: pictures, stories, a log that verifies',
    async () => {
      const before = outside();
      const { code, stdout, stderr } = await start(['--once', '--state', state]);
      expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
      expect(readdirSync(state)).toEqual(expect.arrayContaining(['seat', 'server', 'screens']));
      const screens = path.join(state, 'screens');
      const pictures = readdirSync(screens).filter((name) => name.endsWith('.png'));
      expect(pictures.length).toBeGreaterThanOrEqual(PICTURES);
      for (const name of pictures) {
        expect(statSync(path.join(screens, name)).size, name).toBeGreaterThan(PICTURE_BYTES);
        expect(readFileSync(path.join(screens, name)).subarray(0, PNG.length).equals(PNG), name).toBe(true);
      }
      expect(stdout).toContain('Anna Reyes');
      expect(stdout).toContain('Ben Okafor');
      expect(stdout).toMatch(/OK seat [0-9a-f]{32} log [0-9a-f]{16}: \d+ entries/u);
      expect(stdout).toContain('Verify it yourself:');
      expect(outside().filter((each) => !before.includes(each))).toEqual([]);
    },
    SHIFT_LIMIT_MS,
  );

  test.each(['ok    users of the seat', 'ok    the seat is locked'])(
    'Ctrl+C, twice, after "%s": it closes in order, says so, and nothing of it stays',
    async (line) => {
      const before = outside();
      const { code, stdout, stderr } = await interruptedAt(line);
      expect(stderr).toMatch(/\nStopped before its end, as asked\.\n$/u);
      expect({ code, failed: stdout.includes('FAIL') }).toEqual({ code: 130, failed: false });
      // What another clinic of this machine has opened meanwhile goes with that one.
      await expect.poll(() => outside().filter((each) => !before.includes(each)), { timeout: SHIFT_LIMIT_MS / 2 }).toEqual([]);
    },
    SHIFT_LIMIT_MS,
  );

  test(
    'a state folder that holds something else: nothing in it is touched, and the start fails in one sentence',
    async () => {
      const foreign = path.join(folder, 'foreign');
      await mkdir(foreign);
      await writeFile(path.join(foreign, 'thesis.txt'), 'three years of work');
      const before = outside();
      const { code, stderr } = await start(['--once', '--state', foreign]);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `${foreign} holds something that is not a Wardlock clinic. Name an empty or a new folder with --state. (START_STATE_FOREIGN)`,
      );
      expect(stderr).not.toMatch(/^\s+at /mu);
      expect(readdirSync(foreign)).toEqual(['thesis.txt']);
      expect(outside().filter((each) => !before.includes(each))).toEqual([]);
    },
    SHIFT_LIMIT_MS,
  );
});
