/** A disk without room, under what the commands of IT write: one sentence that says so, and nothing half written that is in the way later. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { openSite } from '../../server/compose.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
/** A command that has not ended by then hangs. */
const LIMIT_MS = 30_000;
const PAGE = 4096;
const PAGES = 6;

let folder: string;
let disk: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wardlock-full-'));
  disk = join(folder, 'disk');
  mkdirSync(disk);
  if (!isLinuxRoot) return;
  await (await openSite({ stateFolder: join(folder, 'site'), database: null, tenant: null })).close();
  for (const kind of ['reader', 'escrow']) cli('keys', 'new', kind, '--out', join(folder, `${kind}.key`));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${PAGE * PAGES}`, 'tmpfs', disk]);
  writeFileSync(join(disk, 'other'), Buffer.alloc(PAGE * PAGES));
});
afterAll(() => {
  if (isLinuxRoot) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

function cli(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: LIMIT_MS });
  return { status, stdout, stderr };
}
const files = (): readonly string[] => readdirSync(disk).filter((name) => statSync(join(disk, name)).isFile());

rootTest('a key, a policy and a backup are not written, or whole', () => {
  const recipients = ['--reader', join(folder, 'reader.key.pub'), '--escrow', join(folder, 'escrow.key.pub')];
  for (const command of [
    ['keys', 'new', 'reader', '--out', join(disk, 'new.key')],
    ['policy', 'new', 'pharmacy', '--tenant', 'site', ...recipients, '--out', join(disk, 'policy.json')],
    ['server', 'backup', join(disk, 'today.backup'), '--state', join(folder, 'site')],
  ]) {
    const { status, stdout, stderr } = cli(...command);
    expect([status === 0, stdout]).toEqual([false, '']);
    expect(stderr).toMatch(/^[^\n]*[Tt]he disk is full[^\n]* \(START_[A-Z_]+\)\n$/);
  }
  expect(files()).toEqual(['other']);
});

rootTest('the public part without room takes the private one with it', () => {
  writeFileSync(join(disk, 'other'), Buffer.alloc(PAGE * (PAGES - 1)));
  expect(cli('keys', 'new', 'escrow', '--out', join(disk, 'new.key'))).toMatchObject({
    stderr: expect.stringContaining('new.key.pub. The disk is full.'),
  });
  expect(files()).toEqual(['other']);
  writeFileSync(join(disk, 'other'), Buffer.alloc(PAGE * PAGES));
});

rootTest('a server that cannot make its database says so in a sentence', () => {
  const { status, stderr } = cli(
    'server',
    '--state',
    join(disk, 'site'),
    '--listen-seats',
    '127.0.0.1:0',
    '--listen-console',
    '127.0.0.1:0',
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Cannot write \S+wardlock\.db\. The disk is full: make room on it, then start again\. \(SERVER_DATABASE_UNREACHABLE\)\n$/,
  );
});
