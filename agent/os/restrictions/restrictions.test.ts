import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const states = async (restrictions: Restrictions): Promise<readonly string[]> =>
  (await restrictions.prove()).map(({ id, state }) => `${id} ${state}`);

describe('restrictions of the operating system', () => {
  test('are performed and put back, and what they are is proved by reading them', async () => {
    const [a, b] = [setting('a', 'off'), setting('b', '7')];
    const restrictions = new Restrictions(journal, [a, b]);
    expect(await restrictions.prove()).toEqual([]);
    expect(await restrictions.perform()).toEqual({ done: ['a', 'b'], failed: [] });
    expect([current(a), current(b)]).toEqual(['on', 'on']);
    expect(await states(restrictions)).toEqual(['a left', 'b left']);
    expect(await restrictions.revert()).toEqual({ done: ['b', 'a'], failed: [] });
    expect([current(a), current(b)]).toEqual(['off', '7']);
    expect(await restrictions.prove()).toEqual([
      { id: 'b', state: 'asBefore', detail: 'is 7, as before' },
      { id: 'a', state: 'asBefore', detail: 'is off, as before' },
    ]);
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
    expect(await states(restrictions)).toEqual(['b left', 'c asBefore', 'a asBefore']);
    b.broken = false;
    await new Restrictions(journal, [a, b, c]).revert();
    expect(current(b)).toBe('2');
  });

  test('a write that does nothing is a failure, in both directions', async () => {
    const a = setting('a', 'off');
    a.write = async () => undefined;
    const restrictions = new Restrictions(journal, [a]);
    expect((await restrictions.perform()).failed).toMatchObject([{ id: 'a', detail: 'It was set to on and is off.' }]);
    writeFileSync(a.path, 'on');
    expect((await restrictions.revert()).failed).toMatchObject([{ id: 'a', detail: 'It was set to off and is on.' }]);
    expect(await states(restrictions)).toEqual(['a left']);
  });

  test('what somebody else has changed meanwhile is left to them, and told', async () => {
    const a = setting('a', 'off');
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    writeFileSync(a.path, 'theirs');
    expect(await restrictions.revert()).toEqual({ done: ['a'], failed: [] });
    expect(current(a)).toBe('theirs');
    expect(await states(restrictions)).toEqual(['a theirs']);
  });

  test('what was put back and has the value of the seat again is not called restored', async () => {
    const a = setting('a', 'off');
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    await restrictions.revert();
    writeFileSync(a.path, 'on');
    expect(await states(restrictions)).toEqual(['a left']);
  });

  test('a crash between the journal and the change has changed nothing, and that is proved without putting anything back', async () => {
    const a = setting('a', 'off');
    a.broken = true;
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    expect(readFileSync(journal, 'utf8')).toContain('"former":"off"');
    expect(await states(restrictions)).toEqual(['a asBefore']);
  });

  test('a setting that had the wanted value already is left with it', async () => {
    const a = setting('a', 'on');
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    expect(await states(restrictions)).toEqual(['a asBefore']);
    await restrictions.revert();
    expect(current(a)).toBe('on');
  });

  test('a value that will do as well is left as it is, though nobody could change it', async () => {
    const a = {
      ...setting('a', 'locked'),
      isMet: (value: string) => value === 'on' || value === 'locked',
      write: () => Promise.reject(new Error('locked')),
    };
    const restrictions = new Restrictions(journal, [a]);
    expect(await restrictions.perform()).toEqual({ done: ['a'], failed: [] });
    expect(await restrictions.revert()).toEqual({ done: ['a'], failed: [] });
    expect([current(a), await states(restrictions)]).toEqual(['locked', ['a asBefore']]);
  });

  test('one that had it, was changed by somebody else and is set again gets their value back', async () => {
    const a = setting('a', 'on');
    const restrictions = new Restrictions(journal, [a]);
    await restrictions.perform();
    writeFileSync(a.path, 'theirs');
    await restrictions.perform();
    await restrictions.revert();
    expect(current(a)).toBe('theirs');
  });

  test('after a boot nothing is put back: the machine has set it anew, perhaps to the very value that the seat wants', async () => {
    const a = setting('a', 'on');
    const entries = [{ id: 'a', former: 'off', wanted: 'on', boot: 'an earlier one' }];
    writeFileSync(journal, JSON.stringify({ format: 'wardlock-restrictions/1', entries }));
    const restrictions = new Restrictions(journal, [a]);
    expect(await states(restrictions)).toEqual(['a booted']);
    await restrictions.perform();
    await restrictions.revert();
    expect(current(a)).toBe('on');
  });

  test('the journal of an older build, which names no boot, is put back', async () => {
    const a = setting('a', 'on');
    writeFileSync(journal, JSON.stringify({ format: 'wardlock-restrictions/1', entries: [{ id: 'a', former: 'off', wanted: 'on' }] }));
    await new Restrictions(journal, [a]).revert();
    expect(current(a)).toBe('off');
  });

  test('a setting that this build or kernel does not know stays in the journal and is told', async () => {
    await new Restrictions(journal, [setting('old', 'off')]).perform();
    for (const known of [[], [{ ...setting('old', 'on'), isThere: () => false }]]) {
      const restrictions = new Restrictions(journal, known);
      expect((await restrictions.revert()).failed).toMatchObject([{ id: 'old' }]);
      expect(await states(restrictions)).toEqual(['old unknown']);
    }
  });

  test('a setting that the kernel does not have is not missed', async () => {
    const restrictions = new Restrictions(journal, [{ ...setting('a', 'off'), isThere: () => false }]);
    expect(await restrictions.perform()).toEqual({ done: [], failed: [] });
  });

  test('two at once lose nothing of the journal', async () => {
    const all = ['a', 'b', 'c', 'd'].map((id) => setting(id, 'off'));
    const restrictions = new Restrictions(journal, all);
    await Promise.all([restrictions.perform(), restrictions.perform(), restrictions.perform()]);
    await restrictions.revert();
    expect(all.map(current)).toEqual(['off', 'off', 'off', 'off']);
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
