/** A stage goes with the clinic that made it, and where that was killed, with the next one that starts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeStage } from './stage.ts';

/** Beyond the most that Linux gives (PID_MAX_LIMIT, proc(5)). */
const NOBODYS_PID = 4_194_305;

let base = '';
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'wl-stages-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** As a clinic leaves it that was killed. */
function left(name: string, maker: object): string {
  const root = join(base, name);
  mkdirSync(join(root, 'state'), { recursive: true });
  writeFileSync(join(root, 'maker.json'), JSON.stringify(maker));
  return root;
}

test('a stage names its maker and leaves nothing behind', async ({ skip }) => {
  skip(process.platform !== 'linux', 'a stage is made of what Linux has');
  const stage = await makeStage(base);
  expect(existsSync(stage.path('state'))).toBe(true);
  expect(JSON.parse(readFileSync(stage.path('maker.json'), 'utf8'))).toMatchObject({ pid: process.pid });
  await stage.remove();
  expect(readdirSync(base)).toEqual([]);
});

test('those of makers that are gone are swept; those of the living and of strangers stay', async () => {
  const living = await makeStage(base);
  const gone = left('wardlock-gone', { pid: NOBODYS_PID, startTicks: '1' });
  const reused = left('wardlock-reused', { pid: process.pid, startTicks: '1' });
  const inUse = left('wardlock-in-use', { pid: NOBODYS_PID, startTicks: '1' });
  writeFileSync(join(inUse, 'state', 'record'), 'somebody is still bound here');
  const strange = left('wardlock-strange', { pid: 'none' });
  const other = left('another', { pid: NOBODYS_PID, startTicks: '1' });
  const next = await makeStage(base);
  expect([gone, reused].filter((root) => existsSync(root))).toEqual([]);
  expect([living.path(''), strange, other, join(inUse, 'state', 'record')].filter((root) => !existsSync(root))).toEqual([]);
  await living.remove();
  await next.remove();
});
