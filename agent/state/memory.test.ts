/** What a seat remembers over a crash, a reboot and a damaged file. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import type { Clock } from '../clock.ts';
import { secretBox } from '../keys/index.ts';
import { SeatMemory } from './memory.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const clockAt = (bootMs: number, bootId: string): Clock => ({ bootId, bootMs: () => bootMs, wallMs: () => 0 });
const session = 'a'.repeat(32);
const throttle = { pinId: 'p', failures: 4, waitMs: 60_000, waitUntilBootMs: 70_000, bootId: 'one' };
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-memory-'));
  path = join(folder, 'memory.box');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('who sat there, the waits and the last logins outlive a kill', () => {
  const before = new SeatMemory(path, box, clockAt(0, 'one'));
  before.setOpen({ session, person: 'ada', kind: 'person' });
  before.setThrottle('ben', throttle);
  before.setLastLogin('ada', { at: '2030-01-01T00:00:00Z', seatName: 'Bay 4' });
  const after = new SeatMemory(path, box, clockAt(30_000, 'one'));
  expect(after.open).toMatchObject({ session, person: 'ada' });
  expect(after.throttles).toEqual({ ben: throttle });
  expect(after.lastLogin('ada')).toMatchObject({ seatName: 'Bay 4' });
});

test('a wait starts whole after a reboot, whatever the clocks say', () => {
  new SeatMemory(path, box, clockAt(0, 'one')).setThrottle('ben', throttle);
  const rebooted = new SeatMemory(path, box, clockAt(5_000, 'two'));
  expect(rebooted.throttles.ben).toMatchObject({ waitUntilBootMs: 65_000, bootId: 'two' });
  expect(new SeatMemory(path, box, clockAt(6_000, 'two')).throttles.ben).toMatchObject({ waitUntilBootMs: 65_000 });
});

test('a start on a disk that takes nothing has the waits all the same, and they are no shorter at the next one', async () => {
  new SeatMemory(path, box, clockAt(0, 'one')).setThrottle('ben', throttle);
  // What would be written first is a folder: as with a full disk, nothing can be.
  await mkdir(`${path}.new`);
  const full = new SeatMemory(path, box, clockAt(5_000, 'two'));
  expect(full.throttles.ben).toMatchObject({ waitUntilBootMs: 65_000, bootId: 'two' });
  expect(() => full.setThrottle('ben', null)).toThrow();
  expect(full.throttles.ben).toMatchObject({ failures: 4 });
  expect(new SeatMemory(path, box, clockAt(9_000, 'two')).throttles.ben).toMatchObject({ failures: 4, waitUntilBootMs: 69_000 });
});

test('a damaged file is told and kept aside, never taken for an empty one', async () => {
  new SeatMemory(path, box, clockAt(0, 'one')).setThrottle('ben', throttle);
  await writeFile(path, 'damaged');
  const after = new SeatMemory(path, box, clockAt(0, 'one'));
  expect(after.wasBroken).toBe(true);
  expect(await readdir(folder)).toEqual(['memory.box.broken']);
});

test('a break-glass that no log took is kept until it is reported', () => {
  const event = { type: 'breakglass.ended', body: { session, person: null, reason: 'logout' } } as const;
  new SeatMemory(path, box, clockAt(0, 'one')).addUnreported(event);
  const after = new SeatMemory(path, box, clockAt(0, 'one'));
  expect(after.unreported).toEqual([event]);
  after.clearUnreported();
  expect(new SeatMemory(path, box, clockAt(0, 'one')).unreported).toEqual([]);
});
