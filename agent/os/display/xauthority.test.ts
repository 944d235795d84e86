import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeXauthority } from './xauthority.ts';

describe('an Xauthority file', () => {
  test('has one entry: any host, this display, a cookie of 16 bytes', () => {
    const file = makeXauthority(100);
    expect(file.subarray(0, 9).toString('hex')).toBe(`ffff00000003${Buffer.from('100').toString('hex')}`);
    expect(file.subarray(11, 29).toString()).toBe('MIT-MAGIC-COOKIE-1');
    expect(file.readUInt16BE(29)).toBe(16);
    expect(file).toHaveLength(47);
  });

  test('is never the same twice', () => {
    expect(makeXauthority(1).equals(makeXauthority(1))).toBe(false);
  });

  test('is what xauth reads', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'wl-xauth-'));
    const path = join(folder, 'x');
    writeFileSync(path, makeXauthority(7));
    try {
      const listed = execFileSync('xauth', ['-f', path, 'list'], { encoding: 'utf8' });
      expect(listed).toMatch(/:7 +MIT-MAGIC-COOKIE-1 +[0-9a-f]{32}/u);
    } catch (cause) {
      context.skip(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT', 'xauth is not installed');
      throw cause;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
