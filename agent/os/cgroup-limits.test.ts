import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Controller, endTogether, handOn, limitCgroup } from './cgroup-limits.ts';

const LIMITS = { memoryBytes: 3_221_225_472, processes: 4_096 };
let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'wl-limits-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const written = (name: string): string | undefined => (existsSync(join(path, name)) ? readFileSync(join(path, name), 'utf8') : undefined);

/** What the limits of a group are once it was limited with these controllers. */
async function limited(...controllers: readonly Controller[]): Promise<readonly (string | undefined)[]> {
  await limitCgroup({ path }, LIMITS, new Set(controllers));
  await endTogether({ path }, new Set(controllers));
  return ['memory.max', 'memory.swap.max', 'memory.oom.group', 'pids.max'].map(written);
}

test('a group has every limit that the kernel can hold', async () =>
  expect(await limited('memory', 'pids')).toEqual(['3221225472', '0', '1', '4096']));

test('without a controller nothing of it is written', async () => {
  expect(await limited()).toEqual([undefined, undefined, undefined, undefined]);
  expect(await limited('pids')).toEqual([undefined, undefined, undefined, '4096']);
});

test('a limit that can not be set is an error', async () => {
  rmSync(path, { recursive: true });
  await expect(limited('memory')).rejects.toThrow('ENOENT');
});

test('a controller is handed on where every group on the way hands it on', async () => {
  expect([...(await handOn([path], ['memory', 'pids']))]).toEqual(['memory', 'pids']);
  expect(written('cgroup.subtree_control')).toBe('+pids');
  expect([...(await handOn([path, join(path, 'none')], ['memory', 'pids']))]).toEqual([]);
});
