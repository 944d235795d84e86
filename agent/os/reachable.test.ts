import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blockedFolder } from './reachable.ts';

const STRANGER = { uid: 54_321, gids: [54_321] };
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wl-reach-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'a', 'b'), { recursive: true });
  chmodSync(join(root, 'a'), 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('whether a user can walk to a path', () => {
  test('names the first folder in the way', async () => {
    chmodSync(join(root, 'a'), 0o700);
    expect(await blockedFolder(STRANGER, join(root, 'a', 'b', 'file'))).toBe(join(root, 'a'));
    expect(await blockedFolder(STRANGER, join(root, 'a'))).toBeUndefined();
  });

  test('passing through is enough, looking around is not needed', async () => {
    chmodSync(join(root, 'a'), 0o711);
    chmodSync(join(root, 'a', 'b'), 0o711);
    expect(await blockedFolder(STRANGER, join(root, 'a', 'b', 'file'))).toBeUndefined();
  });

  test('a group of the user opens what is closed to others, and the owner’s own bits come first', async () => {
    chmodSync(join(root, 'a'), 0o610);
    const gid = process.getegid?.() ?? 0;
    const uid = process.geteuid?.() ?? 0;
    expect(await blockedFolder({ uid: STRANGER.uid, gids: [gid] }, join(root, 'a', 'x'))).toBeUndefined();
    if (uid !== 0) expect(await blockedFolder({ uid, gids: [gid] }, join(root, 'a', 'x'))).toBe(join(root, 'a'));
  });

  test('nothing is in root’s way', async () => {
    chmodSync(join(root, 'a'), 0o000);
    expect(await blockedFolder({ uid: 0, gids: [0] }, join(root, 'a', 'b'))).toBeUndefined();
    chmodSync(join(root, 'a'), 0o755);
  });
});
