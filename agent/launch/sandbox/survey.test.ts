import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isOutdated, survey } from './survey.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wl-survey-'));
  mkdirSync(join(root, 'clean', 'deep'), { recursive: true });
  writeFileSync(join(root, 'clean', 'deep', 'data'), 'x');
  mkdirSync(join(root, 'mixed'));
  writeFileSync(join(root, 'mixed', 'data'), 'x');
  writeFileSync(join(root, 'mixed', 'script'), '#!/bin/sh\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the survey of what a session may read', () => {
  test('a folder without programs is allowed as a whole, one with a script file by file', () => {
    expect(survey([root]).readable.toSorted()).toEqual([join(root, 'clean'), join(root, 'mixed', 'data')].toSorted());
    expect(survey([join(root, 'clean')]).readable).toEqual([join(root, 'clean')]);
  });

  test('a script is found by its content, whatever its permission bits and name', () => {
    chmodSync(join(root, 'mixed', 'script'), 0o644);
    writeFileSync(join(root, 'clean', 'deep', 'readme.txt'), '#!/usr/bin/python3\n', { mode: 0o600 });
    const { readable } = survey([root]);
    expect(readable.toSorted()).toEqual([join(root, 'clean', 'deep', 'data'), join(root, 'mixed', 'data')].toSorted());
  });

  test('links are not followed, and a folder that is not there is left out', () => {
    symlinkSync('/bin', join(root, 'clean', 'bin'));
    expect(survey([join(root, 'clean'), join(root, 'gone')]).readable).toEqual([join(root, 'clean')]);
  });

  test('it is outdated when a file was added, replaced or removed anywhere below', () => {
    const past = new Date(0);
    for (const folder of ['clean/deep', 'clean', 'mixed', '.']) utimesSync(join(root, folder), past, past);
    const made = survey([root]);
    expect(isOutdated(made)).toBe(false);
    writeFileSync(join(root, 'clean', 'deep', 'new'), '');
    expect(isOutdated(made)).toBe(true);
    rmSync(join(root, 'clean'), { recursive: true });
    expect(isOutdated(made)).toBe(true);
  });
});
