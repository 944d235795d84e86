/**
 * The audit commands before evidence that they may not touch and before what is no evidence: real processes, a read-only folder,
 * every file held against its hash and its times, and a coded error that says what was expected.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatLine } from '../../core/audit/export/lines.ts';
import { formatVerifierKey } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { honestExport } from '../audit/honest-export.ts';
import { keyFile } from '../audit/key-file.ts';
import { memoryLog } from '../audit/memory-log.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const NOBODY = 65_534;
let seat: StoreKit;
let evidence: string;
let reader: string;
let escrow: string;

beforeAll(async () => {
  seat = await storeKit();
  const store = await seat.open();
  for (let at = 0; at < 20; at += 1) await store.append(lockEvent(at));
  evidence = join(seat.dir, 'evidence');
  mkdirSync(evidence);
  await store.snapshot(join(evidence, 'snapshot'));
  await store.close();
  cpSync(seat.storeDir, join(evidence, 'store'), { recursive: true });
  writeFileSync(join(evidence, 'export.jsonl'), exportText());
  reader = keyFile('reader', seat.readerKey, seat.dir);
  escrow = keyFile('escrow', seat.escrowKey, seat.dir);
});
afterAll(() => seat.remove());

const log = memoryLog({ epochs: [10, 20] });
const mirror = { name: 'mirror', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const exportText = (): string =>
  honestExport(log, { start: 5, end: 25 }, mirror)
    .map((line) => formatLine(line))
    .join('');

function audit(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'audit', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Every file below a folder with its size, times and hash. */
function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { size, mtimeMs, ctimeMs, mode } = statSync(path);
      const hash = statSync(path).isFile() ? Buffer.from(nodeCrypto.sha256(readFileSync(path))).toString('hex') : '';
      return `${name} ${size} ${mtimeMs} ${ctimeMs} ${mode} ${hash}`;
    });
}

function readOnly(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444);
  }
  chmodSync(folder, 0o555);
}

test('whatever is asked of evidence in a read-only folder, no byte and no time of it changes', () => {
  readOnly(evidence);
  const before = listing(evidence);
  const key = ['--key', seat.logKeyText];
  const exportKey = ['--key', formatVerifierKey(nodeCrypto, log.logKey)];
  expect(audit('verify', join(evidence, 'snapshot'), ...key)).toMatchObject({ status: 0, stderr: '' });
  expect(audit('verify', join(evidence, 'store'), ...key)).toMatchObject({ status: 0, stderr: '' });
  expect(audit('verify', join(evidence, 'export.jsonl'), ...exportKey)).toMatchObject({ status: 0, stderr: '' });
  expect(audit('show', join(evidence, 'store'), '--reader-key', reader, ...key).status).toBe(0);
  expect(audit('escrow-drill', join(evidence, 'snapshot'), '--escrow-key', escrow).status).toBe(0);
  expect(listing(evidence)).toEqual(before);
});

test('somebody who may only read the files verifies them too', (context) => {
  context.skip(process.getuid?.() !== 0, 'needs root, to become somebody else');
  const folder = join(seat.dir, 'lent');
  cpSync(evidence, folder, { recursive: true });
  readOnly(folder);
  chmodSync(seat.dir, 0o755);
  const before = listing(folder);
  const args = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', process.execPath, MAIN, 'audit', 'verify'];
  const run = (what: string) =>
    spawnSync('setpriv', [...args, join(folder, what), '--key', seat.logKeyText], { encoding: 'utf8', env: { ...process.env, HOME: '/' } });
  expect(run('snapshot')).toMatchObject({ status: 0 });
  expect(run('store')).toMatchObject({ status: 0 });
  expect(listing(folder)).toEqual(before);
});

test('an export that was cut in half is no whole one, wherever it was cut', () => {
  const whole = exportText();
  const path = join(seat.dir, 'half.jsonl');
  const key = formatVerifierKey(nodeCrypto, log.logKey);
  for (const share of [0.25, 0.5, 0.9]) {
    writeFileSync(path, whole);
    truncateSync(path, Math.floor(whole.length * share));
    const { status, stdout } = audit('verify', path, '--key', key);
    expect(status, stdout).toBe(1);
    expect(stdout).toMatch(/^EXPORT_TRUNCATED: /m);
    for (const line of stdout.trim().split('\n')) expect(line).toMatch(/^[A-Z_]+( .*)?: ./);
  }
});

test('each command says by a code what it expected instead', () => {
  const foreign = join(seat.dir, 'foreign.db');
  writeFileSync(foreign, 'SQLite format 3\u0000 and nothing of ours');
  const half = join(seat.dir, 'half.db');
  writeFileSync(half, readFileSync(join(evidence, 'snapshot')).subarray(0, 30_000));
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['verify', foreign, '--key', seat.logKeyText], 65, 'AUDIT_STORE_FOREIGN'],
    [['verify', half, '--key', seat.logKeyText], 65, 'AUDIT_STORE_FOREIGN'],
    [['verify', join(evidence, 'snapshot'), '--key', reader], 64, 'AUDIT_KEY_UNSUITABLE'],
    [['show', foreign, '--reader-key', reader], 65, 'AUDIT_STORE_FOREIGN'],
    [['show', join(evidence, 'export.jsonl'), '--reader-key', reader], 65, 'AUDIT_STORE_FOREIGN'],
    [['show', join(evidence, 'snapshot'), '--reader-key', foreign], 64, `${foreign} is no reader or escrow key file.`],
    [['escrow-drill', join(evidence, 'snapshot'), '--escrow-key', reader], 64, `${reader} is no escrow key file.`],
  ];
  for (const [args, status, words] of cases) {
    const run = audit(...args);
    expect(`${args[0]} ${run.status} ${run.stderr}`).toContain(`${args[0]} ${status} `);
    expect(run.stderr, args.join(' ')).toContain(words);
    expect(run.stderr).toMatch(/\([A-Z_]+\)\n$/);
    expect(run.stdout).toBe('');
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('verify and show: an emergency log that lost what the record was told of is a fault, exit 1', async () => {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    await store.appendEmergency(lockEvent(1));
    await store.append(lockEvent(2));
    await store.close();
    const path = join(kit.storeDir, 'emergency.log');
    const { size } = statSync(path);
    truncateSync(path, 0);
    truncateSync(path, size);
    const command = [kit.storeDir, '--key', kit.logKeyText];
    expect(audit('verify', ...command)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^EMERGENCY_MISSING: .* 0 are there\.$/m),
    });
    const shown = audit('show', ...command, '--reader-key', keyFile('reader', kit.readerKey, kit.dir));
    expect(shown).toMatchObject({ status: 1, stderr: expect.stringMatching(/^EMERGENCY_MISSING: /m) });
    expect(shown.stdout).toContain('recording.emergency');
  } finally {
    await kit.remove();
  }
});

test.each([
  ['pruned', Uint8Array.of(1, 2, 3), 65, 'AUDIT_STORE_FOREIGN'],
  ['pruned', new Uint8Array(9), 65, 'AUDIT_STORE_FOREIGN'],
  ['pruned', 'text', 65, 'AUDIT_STORE_FOREIGN'],
  ['anchor', Buffer.from('{'), 1, 'ANCHOR_MISSING'],
  ['anchor', Buffer.from('{"incarnation":1}'), 1, 'ANCHOR_MISSING'],
  ['anchor', Uint8Array.of(255), 1, 'ANCHOR_MISSING'],
])('a snapshot whose row %s holds %j is refused or named, never with a stack', (row, value, status, code) => {
  const path = join(seat.dir, 'with-a-row');
  cpSync(join(evidence, 'snapshot'), path);
  chmodSync(path, 0o600);
  const db = new Database(path);
  db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(row, value);
  db.close();
  for (const args of [
    ['verify', path, '--key', seat.logKeyText],
    ['show', path, '--reader-key', reader, '--key', seat.logKeyText],
  ]) {
    const ended = audit(...args);
    expect(ended).toMatchObject({ status });
    expect(`${ended.stdout}${ended.stderr}`).toContain(code);
    expect(ended.stderr).not.toMatch(/^ +at /m);
  }
});
