import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Restrictions } from './restrictions.ts';
import type { OsSetting } from './setting.ts';

let folder = '';
let journal = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-restrictions-'));
  journal = join(folder, 'journal.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A setting that is a file; `broken` makes writing it fail. */
function setting(id: string, former: string): OsSetting & { readonly path: string; broken: boolean } {
  const path = join(folder, id);
  writeFileSync(path, former);
  const made = {
    id,
    path,
    wanted: 'on',
    broken: false,
    read: async () => readFileSync(path, 'utf8'),
    write: async (value: string) => {
      if (made.broken) throw new Error('the setting is broken');
      writeFileSync(path, value);
    },
  };
  return made;
}

const current = (one: { readonly path: string }): string => readFileSync(one.path, 'utf8');

describe('restrictions of the operating system', () => {
  test('are performed and put back, and nothing is left to prove', async () => {
    const [a, b] = [setting('a', 'off'), setting('b', '7')];
    const restrictions = new Restrictions(journal, [a, b]);
    expect(await restrictions.perform()).toEqual({ done: ['a', 'b'], failed: [] });
    expect([current(a), current(b)]).toEqual(['on', 'on']);
    expect((await restrictions.unrestored()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await restrictions.revert()).toEqual({ done: ['b', 'a'], failed: [] });
    expect([current(a), current(b)]).toEqual(['off', '7']);
    expect(await restrictions.unrestored()).toEqual([]);
    expect(existsSync(journal)).toBe(false);
  });

  test('the former value is durable before the setting is touched', async () => {
    const a = setting('a', 'off');
    let journalled = '';
    const write = a.write;
    a.write = async (value) => {
      journalled = readFileSync(journal, 'utf8');
      await write(value);
    };
    await new Restrictions(journal, [a]).perform();
    expect(journalled).toContain('"former":"off"');
  });

  test('after a crash the value of before the first run is put back, not the one that the crash left', async () => {
    const a = setting('a', 'off');
    await new Restrictions(journal, [a]).perform();
    await new Restrictions(journal, [a]).perform();
    await new Restrictions(journal, [a]).revert();
    expect(current(a)).toBe('off');
  });

  test('putting back goes on after one that fails, which is told and tried again at the next start', async () => {
    const [a, b, c] = [setting('a', '1'), setting('b', '2'), setting('c', '3')];
    const restrictions = new Restrictions(journal, [a, b, c]);
    await restrictions.perform();
    b.broken = true;
    expect(await restrictions.revert()).toEqual({ done: ['c', 'a'], failed: [{ id: 'b', detail: 'the setting is broken' }] });
    expect([current(a), current(b), current(c)]).toEqual(['1', 'on', '3']);
    expect((await restrictions.unrestored()).map(({ id }) => id)).toEqual(['b']);
    b.broken = false;
    await new Restrictions(journal, [a, b, c]).revert();
    expect(current(b)).toBe('2');
  });

  test('what someone else has changed meanwhile is left to them', async () => {
    const a = setting('a', 'off');
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    writeFileSync(a.path, 'theirs');
    expect(await restrictions.revert()).toEqual({ done: ['a'], failed: [] });
    expect(current(a)).toBe('theirs');
  });

  test('a setting that this build does not know stays in the journal and is told', async () => {
    await new Restrictions(journal, [setting('old', 'off')]).perform();
    const restrictions = new Restrictions(journal, []);
    expect((await restrictions.revert()).failed).toMatchObject([{ id: 'old' }]);
    expect((await restrictions.unrestored()).map(({ id }) => id)).toEqual(['old']);
  });

  test('a journal that is none stops everything, and no setting is touched', async () => {
    const a = setting('a', 'off');
    writeFileSync(journal, '{}');
    const restrictions = new Restrictions(journal, [a]);
    expect((await restrictions.perform()).failed).toMatchObject([{ id: 'a' }]);
    await expect(restrictions.revert()).rejects.toMatchObject({ code: 'OS_RESTRICTION_FAILED' });
    expect(current(a)).toBe('off');
  });
});
