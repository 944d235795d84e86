/**
 * Whoever takes a copy of a seat's record leaves that in the record, and so in the copy itself, before it is handed out. A record that takes
 * nothing more gives its evidence all the same and says that this could not be recorded. Real agent, real command line, real full disk.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { type SmallDisk, smallDisk } from '../audit/small-disk.ts';
import { rootTest } from '../support/root.ts';
import { SeatProcess } from '../support/seat-process.ts';

const MAIN = resolve(import.meta.dirname, '../../cli/main.ts');
const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const FILL_BYTES = 4096;
const UNANCHORED = 2;
const NOT_RECORDED = 'That this copy was taken could not be recorded';

let seat: SeatProcess;
let disk: SmallDisk | undefined;
beforeEach(async () => {
  seat = await SeatProcess.create();
});
afterEach(async () => {
  await seat.stop('SIGKILL');
  disk?.unmount();
  disk = undefined;
  await seat.remove();
});

function audit(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'audit', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function readerKeyFile(): string {
  const path = join(seat.folder, 'reader.key');
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const { readerKey } = seat.site;
  const keys = { privateKey: text(readerKey), publicKey: text(nodeCrypto.hpkePublicKey(readerKey)) };
  writeFileSync(path, JSON.stringify({ schema: 'wardlock-private-key/1', kind: 'reader', ...keys }), { mode: 0o600 });
  return path;
}

/** The events of a copy with their places, as the command line prints them. */
function eventsOf(copy: string): readonly { readonly seq: number; readonly type: string; readonly body: unknown }[] {
  const { status, stdout } = audit('show', copy, '--reader-key', readerKeyFile());
  expect(status).toBe(UNANCHORED);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a copy of the record holds, as its last event, that it was taken', async () => {
  await seat.start();
  await seat.furnish([ada]);
  const copy = join(seat.folder, 'copy');
  const { status, stdout } = audit('snapshot', copy, '--state', seat.state, '--json');
  expect(status).toBe(0);
  const { entries, recorded }: { entries: number; recorded: boolean } = JSON.parse(stdout);
  expect(recorded).toBe(true);
  expect(eventsOf(copy).at(-1)).toMatchObject({ seq: entries - 1, type: 'recording.read' });
  const again = join(seat.folder, 'again');
  const words = audit('snapshot', again, '--state', seat.state).stdout;
  expect(words).toContain(`${again}: `);
  expect(words).not.toContain(NOT_RECORDED);
  expect(eventsOf(again).filter(({ type }) => type === 'recording.read')).toHaveLength(2);
});

rootTest('a record on a full disk gives its copy, and it is said that this is not recorded', async () => {
  disk = smallDisk(seat.state, 'size=24m');
  await seat.start();
  await seat.furnish([ada]);
  const filler = openSync(join(seat.state, 'filler'), 'w');
  try {
    for (;;) writeSync(filler, Buffer.alloc(FILL_BYTES));
  } catch {
    closeSync(filler);
  }
  // What room the log still has in its own files is used up by copies that are recorded.
  let taken = 0;
  for (let isRecorded = true; isRecorded; taken += 1) {
    const { status, stdout } = audit('snapshot', join(seat.folder, `copy-${taken}`), '--state', seat.state, '--json');
    expect(status).toBe(0);
    ({ recorded: isRecorded } = JSON.parse(stdout));
  }
  const copy = join(seat.folder, 'words');
  expect(audit('snapshot', copy, '--state', seat.state)).toMatchObject({ status: 0, stdout: expect.stringContaining(NOT_RECORDED) });
  expect(eventsOf(copy).filter(({ type }) => type === 'recording.read')).toHaveLength(taken - 1);
});
