/** The audit commands as people run them: real processes, exit codes and lines. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { entryOf, putEntry, tamper } from '../audit/check.ts';
import { keyFile } from '../audit/key-file.ts';
import { flipped } from '../audit/memory-log.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const PAGE_BYTES = 8192;
const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let seat: StoreKit;
let snapshot: string;
let reader: string;
let escrow: string;

beforeAll(async () => {
  seat = await storeKit();
  snapshot = join(seat.dir, 'snapshot');
  reader = keyFile('reader', seat.readerKey, seat.dir);
  escrow = keyFile('escrow', seat.escrowKey, seat.dir);
  const store = await seat.open();
  for (let at = 0; at < 20; at += 1) await store.append(lockEvent(at));
  await store.snapshot(snapshot);
  await expect(store.snapshot(snapshot)).rejects.toMatchObject({ code: 'AUDIT_INPUT_MALFORMED' });
  await store.close();
});
afterAll(() => seat.remove());

function escrowOf(kit: StoreKit): string {
  return keyFile('escrow', kit.escrowKey, kit.dir);
}

/** A log key of this seat's name that signed nothing here. */
function stranger(): string {
  const { publicKey } = nodeCrypto.signer(nodeCrypto.random(32));
  return formatVerifierKey(nodeCrypto, { name: seat.logKey.name, type: NOTE_ED25519, publicKey });
}

/** A page of a table, counted from 1 (SQLite's dbstat). */
function pageOf(path: string, table: string, pick: string): number {
  const db = new Database(path, { readonly: true });
  const page = db.prepare(`SELECT ${pick} FROM dbstat WHERE name = ? AND pagetype = 'leaf'`).pluck().get(table);
  db.close();
  return Number(page);
}

function audit(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'audit', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('verify: 0 and one line for a whole log', () => {
  const { status, stdout } = audit('verify', snapshot, '--key', seat.logKeyText);
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stdout).toMatch(/^OK seat [0-9a-f]{32} log [0-9a-f]{16}: 21 entries/);
});

test('verify: UNANCHORED and 2 without a key', () => {
  const { status, stdout } = audit('verify', snapshot);
  expect(status).toBe(2);
  expect(stdout).toContain('UNANCHORED');
});

test('verify: JSON for programs, with the same verdict', () => {
  const { status, stdout } = audit('verify', snapshot, '--key', seat.logKeyText, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, anchored: true, faultCount: 0, faults: [], logs: [{ size: 21 }] });
});

test('verify: what is neither log nor export ends with 65, a key of the wrong kind with 64: 1 is for faults alone', () => {
  const foreign = audit('verify', reader.replace('reader.key', 'keys'), '--key', seat.logKeyText);
  expect(foreign).toMatchObject({ status: 65, stderr: expect.stringContaining('AUDIT_STORE_FOREIGN') });
  const json = audit('verify', reader, '--key', seat.logKeyText);
  expect(json).toMatchObject({ status: 65, stdout: '', stderr: expect.stringContaining('AUDIT_STORE_FOREIGN') });
  const wrong = audit('verify', snapshot, '--key', reader);
  expect(wrong).toMatchObject({ status: 64, stderr: expect.stringContaining('AUDIT_KEY_UNSUITABLE') });
  expect(wrong.stderr).toContain(`${reader}: This is not a verification key. `);
  const misspelt = audit('verify', snapshot, '--key', seat.logKeyText, '--key', 'mirror.key');
  expect(misspelt.stderr).toContain('There is no file mirror.key. This is not a verification key. ');
  const folder = audit('verify', snapshot, '--key', seat.dir, '--json');
  expect(folder.status).toBe(64);
  expect(JSON.parse(folder.stderr)).toMatchObject({ error: { code: 'AUDIT_KEY_UNSUITABLE' } });
  expect(audit('verify', join(seat.dir, 'nothing'), '--key', seat.logKeyText).status).toBe(64);
});

test('verify: another database is named as it was given, not as the copy that is read', () => {
  const path = join(seat.dir, 'other.db');
  const other = new Database(path);
  other.pragma('journal_mode = WAL');
  other.exec('CREATE TABLE t (x)');
  other.close();
  expect(audit('verify', path, '--key', seat.logKeyText)).toEqual(
    expect.objectContaining({ status: 65, stderr: `${path} is an SQLite file, but not a Wardlock audit store. (AUDIT_STORE_FOREIGN)\n` }),
  );
});

test('verify: a store that an agent has open ends with 66', async () => {
  const busy = await storeKit();
  const store = await busy.open();
  try {
    expect(audit('verify', busy.storeDir, '--key', busy.logKeyText)).toMatchObject({
      status: 66,
      stderr: expect.stringContaining('AUDIT_STORE_LOCKED'),
    });
  } finally {
    await store.close();
    await busy.remove();
  }
});

test('verify: an export that shows nothing is no OK, with a key and without', () => {
  const path = join(seat.dir, 'emptied.jsonl');
  const head = { kind: 'export', format: 'wardlock-audit-export/1', workstation: '0'.repeat(32), created: '', question: '' };
  writeFileSync(path, `${JSON.stringify(head)}\n${JSON.stringify({ kind: 'end', entries: 0 })}\n`);
  expect(audit('verify', path, '--key', seat.logKeyText)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^EXPORT_EMPTY: .*\n$/),
  });
  expect(audit('verify', path)).toMatchObject({ status: 2, stdout: expect.stringMatching(/^EXPORT_EMPTY: .*\nUNANCHORED: .*\n$/) });
});

test('show: decrypts for the reader, with the codes of other systems', () => {
  const { status, stdout } = audit('show', snapshot, '--reader-key', reader, '--key', seat.logKeyText);
  expect(status).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(events).toHaveLength(20);
  expect(events[0]).toMatchObject({ seq: 1, type: 'session.locked', codes: { dicom: { id: 110_114, type: 110_123 } } });
});

test('show: a log that is older than the reader’s key is read with both keys, and with one as far as that goes', async () => {
  const kit = await storeKit();
  try {
    const next = nodeCrypto.random(32);
    const store = await kit.open();
    await store.append(lockEvent(1));
    await store.setRecipients([
      { role: 'reader', publicKey: nodeCrypto.hpkePublicKey(next) },
      { role: 'escrow', publicKey: nodeCrypto.hpkePublicKey(kit.escrowKey) },
    ]);
    await store.append(lockEvent(2));
    await store.close();
    const after = join(kit.dir, 'after');
    mkdirSync(after);
    const files = [keyFile('reader', kit.readerKey, kit.dir), keyFile('reader', next, after)];
    const shown = (...keys: readonly string[]) => {
      const { status, stdout, stderr } = audit(
        'show',
        kit.storeDir,
        ...keys.flatMap((key) => ['--reader-key', key]),
        '--key',
        kit.logKeyText,
      );
      const locked = stdout.match(/"session\.locked"/gu) ?? [];
      return { status, locked: locked.length, stderr };
    };
    expect(shown(...files)).toMatchObject({ status: 0, locked: 2, stderr: '' });
    for (const file of files)
      expect(shown(file)).toMatchObject({
        status: 1,
        locked: 1,
        stderr: expect.stringMatching(/^\d+ events of \d+ epochs are not shown: .*\n$/u),
      });
    const nobody = join(kit.dir, 'nobody');
    mkdirSync(nobody);
    expect(shown(keyFile('reader', nodeCrypto.random(32), nobody))).toMatchObject({
      status: 64,
      locked: 0,
      stderr: expect.stringContaining('AUDIT_KEY_UNSUITABLE'),
    });
  } finally {
    await kit.remove();
  }
});

test.each([
  ['the role of an envelope', 84 + 67],
  ['the version of its header', 0],
] as const)('show and escrow-drill: one bit in %s takes the events of that epoch and of no other', async (_, at) => {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    await store.append(lockEvent(1));
    await store.newEpoch('wake');
    const { seq } = await store.append(lockEvent(2));
    await store.newEpoch('wake');
    await store.append(lockEvent(3));
    await store.close();
    tamper(kit, (db) => putEntry(db, Number(seq) - 1, flipped(entryOf(db, Number(seq) - 1), at, 5)));
    const shown = audit('show', kit.storeDir, '--reader-key', keyFile('reader', kit.readerKey, kit.dir), '--key', kit.logKeyText);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toContain('"session.locked"');
    expect(shown.stderr).toMatch(/^(?:EPOCH_MALFORMED|ENTRY_MALFORMED) /mu);
    const drilled = audit('escrow-drill', kit.storeDir, '--escrow-key', escrowOf(kit));
    expect(drilled.status).toBe(1);
    expect(drilled.stdout).toMatch(/^The escrow key opened \d+ of \d+ epochs tried\. It does not open epochs \d/u);
  } finally {
    await kit.remove();
  }
});

test('show: without a key it says UNANCHORED on the other channel and ends with 2; under a wrong key nothing is shown', () => {
  const alone = audit('show', snapshot, '--reader-key', reader);
  expect(alone).toMatchObject({ status: 2, stderr: expect.stringMatching(/^UNANCHORED: .*Give the key with --key\.\n$/) });
  expect(alone.stdout.trim().split('\n')).toHaveLength(20);
  const wrong = audit('show', snapshot, '--reader-key', reader, '--key', stranger());
  expect(wrong).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('KEY_MISMATCH') });
});

test('what is no log ends every command that reads one with the same codes, and never with a stack', () => {
  const text = join(seat.dir, 'words.txt');
  writeFileSync(text, 'no log');
  const folder = join(seat.dir, 'of-something-else');
  mkdirSync(folder);
  for (const command of [['verify'], ['show', '--reader-key', reader], ['escrow-drill', '--escrow-key', escrow]]) {
    const ends = [text, folder, join(seat.dir, 'nothing')].map((path) => audit(...command, path));
    expect(ends.map(({ status, stdout }) => [status, stdout])).toEqual([
      [65, ''],
      [65, ''],
      [64, ''],
    ]);
    for (const { stderr } of ends) expect(stderr).toMatch(/^[^\n]+ \((?:AUDIT_STORE_FOREIGN|START_USAGE)\)\n$/);
  }
});

test('two log keys are refused: one of them would go unused', () => {
  for (const [refused, ...command] of [
    [64, 'verify', snapshot],
    [64, 'show', snapshot, '--reader-key', reader],
  ] as const) {
    const { status, stdout, stderr } = audit(...command, '--key', seat.logKeyText, '--key', stranger());
    expect([status, stdout]).toEqual([refused, '']);
    expect(stderr).toMatch(/has one log key, and two were given: .* \(AUDIT_KEY_UNSUITABLE\)\n$/);
  }
  expect(audit('verify', snapshot, '--key', seat.logKeyText, '--key', seat.logKeyText).status).toBe(0);
});

test('show: of an export it says where its events are', () => {
  const path = join(seat.dir, 'shown.jsonl');
  writeFileSync(path, '{"kind":"export"}\n');
  expect(audit('show', path, '--reader-key', reader)).toMatchObject({
    status: 65,
    stderr: expect.stringMatching(/lines of kind "entry" hold the events .* audit verify .* \(AUDIT_STORE_FOREIGN\)\n$/),
  });
});

test('the emergency log has no receipts beside it: by the mirror key alone it is UNANCHORED, by the log key it is sound', async () => {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    await store.append(lockEvent(1));
    await store.appendEmergency(lockEvent(2));
    const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
    await store.applyReceipt(kit.receipt(store, size, root));
    await store.close();
    const mirror = formatVerifierKey(nodeCrypto, kit.mirrorKey);
    const byMirror = audit('verify', kit.storeDir, '--key', mirror);
    expect(byMirror.stdout).toMatch(/^(?:UNANCHORED: .* It is log [0-9a-f]{16}\. Give the seat's log key with --key\.\n)+$/);
    expect(byMirror.status).toBe(2);
    expect(audit('verify', kit.storeDir, '--key', mirror, '--key', kit.logKeyText)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('its receipts are not kept beside it'),
    });
    const shown = audit('show', kit.storeDir, '--reader-key', keyFile('reader', kit.readerKey, kit.dir), '--key', mirror);
    expect(shown).toMatchObject({ status: 2, stderr: expect.stringMatching(/^(?:UNANCHORED: .*\n)+$/) });
  } finally {
    await kit.remove();
  }
});

test('escrow-drill: the escrow key opens every epoch; the reader key is not taken for it', () => {
  expect(audit('escrow-drill', seat.storeDir, '--escrow-key', escrow)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('opened 1 of 1'),
  });
  expect(audit('escrow-drill', seat.storeDir, '--escrow-key', reader).status).not.toBe(0);
});

test('verify: 1 and one line for each fault of a stopped store; nothing is written to it', () => {
  tamper(seat, (db) => {
    const bytes = entryOf(db, 7);
    bytes[200] = Number(bytes[200]) ^ 1;
    putEntry(db, 7, bytes);
    db.exec('DELETE FROM entry WHERE seq BETWEEN 12 AND 14');
  });
  const path = join(seat.storeDir, 'audit.db');
  const before = readFileSync(path);
  const { status, stdout } = audit('verify', seat.storeDir, '--key', seat.logKeyText);
  expect(status).toBe(1);
  expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
    expect.stringMatching(/^ENTRY_ALTERED entry 7: /),
    expect.stringMatching(/^ENTRY_MISSING from 12 to 14: /),
    expect.stringMatching(/^ENTRIES_UNVERIFIED from 1 to 21: /),
  ]);
  expect(readFileSync(path)).toEqual(before);
  expect(existsSync(`${path}-shm`)).toBe(false);
});

test('verify: a damaged page of the database is entries by name, the rest is still checked; where nothing leads around it, a fault too', async () => {
  const big = await storeKit();
  try {
    const store = await big.open();
    for (let epoch = 0; epoch < 3; epoch += 1) {
      await Promise.all(Array.from({ length: 200 }, (_, at) => store.append(lockEvent(at))));
      await store.newEpoch('wake');
    }
    const sound = join(big.dir, 'snapshot');
    await store.snapshot(sound);
    await store.close();
    const place = (table: string, pick: string): number => pageOf(sound, table, pick);
    const damaged = (page: number): readonly [number | null, readonly string[]] => {
      const path = join(big.dir, 'damaged');
      const bytes = readFileSync(sound);
      bytes.fill(0xee, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
      writeFileSync(path, bytes);
      const { status, stdout } = audit('verify', path, '--key', big.logKeyText);
      return [status, stdout.trim().split('\n')];
    };
    const middle = damaged(place('entry', 'min(pageno) + 4'));
    expect(middle).toEqual([1, [expect.stringMatching(/^ENTRY_MISSING from \d+ to \d+: /)]]);
    const [, end] = damaged(place('entry', 'max(pageno)'));
    expect(end.map((line) => line.split(' ')[0])).toEqual(['ANCHOR_AHEAD', 'ENTRIES_TRUNCATED', 'ENTRIES_UNVERIFIED']);
    const whole = audit('escrow-drill', sound, '--escrow-key', escrowOf(big));
    expect(whole).toMatchObject({ status: 0, stdout: expect.stringContaining('opened 4 of 4 epochs') });
    damaged(place('entry', 'min(pageno) + 10'));
    const lost = audit('escrow-drill', join(big.dir, 'damaged'), '--escrow-key', escrowOf(big));
    expect(lost).toMatchObject({ status: 1, stdout: expect.stringContaining('It does not open epochs 1.') });
    const [status, lines] = damaged(place('kept', 'min(pageno)'));
    expect([status, lines.at(-1)]).toEqual([1, expect.stringMatching(/^STORE_DAMAGED: /)]);
  } finally {
    await big.remove();
  }
});

test('show: a reader of the pipe that has seen enough leaves no copy of the evidence behind', async () => {
  const big = await storeKit();
  try {
    const store = await big.open();
    await Promise.all(Array.from({ length: 600 }, (_, at) => store.append(lockEvent(at))));
    await store.close();
    const copies = join(big.dir, 'copies');
    mkdirSync(copies);
    const [program, key] = [`'${process.execPath}' '${MAIN}'`, keyFile('reader', big.readerKey, big.dir)];
    const line = `${program} audit show '${big.storeDir}' --reader-key '${key}' | head -c 10`;
    const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8', env: { ...process.env, TMPDIR: copies } });
    expect(stdout).toMatch(/^\{"log":"/);
    expect(readdirSync(copies)).toEqual([]);
  } finally {
    await big.remove();
  }
});
