/**
 * Holds docs/complaints.md against the tests: each row names a test by its file and by words that stand in it, or says where what it lacks is
 * written down or what it comes with. So no complaint is lost when tests move, and none is called answered by nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, trackedFiles } from './support.ts';

interface Row {
  readonly name: string;
  readonly lived: string;
  readonly whole: string;
}

/** Rows of tables that end with where something is lived: without the heading and the line below it. */
function rowsOf(page: string): readonly Row[] {
  return page
    .split('\n')
    .filter((line) => /^\|.*\|$/.test(line) && !/^\|[-|]+\|$/.test(line) && !line.endsWith('| lived in |'))
    .map((whole) => {
      const cells = whole.slice(1, -1).split(' | ');
      return { name: cells[0]?.trim() ?? '', lived: cells.at(-1)?.trim() ?? '', whole };
    });
}

/** `file` (words of one test; words of another one). */
const NAMED = /`([^`]+)` \(([^)]+)\)/g;
const INSTEAD = /comes? with (?:policy distribution|the fleet console|packaging)\b/i;
const tracked = new Set(trackedFiles());
const isTest = (file: string): boolean =>
  /^(?:test|core|agent|server|main|renderer|policies|cli)\/.*\.tsx?$/.test(file) && tracked.has(file);
const read = (file: string): string => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');

/** What is wrong with one row, in words. */
function wrongIn({ name, lived, whole }: Row): readonly string[] {
  if (lived === '—') return INSTEAD.test(whole) ? [] : [`${name}: no test, and it does not say what it comes with`];
  const named = [...lived.matchAll(NAMED)];
  const rest = lived.replace(NAMED, '').replace(/[, ]/g, '');
  const faults = rest === '' && named.length > 0 ? [] : [`${name}: ${lived} names no test by file and words`];
  const lost = named.flatMap(([, file = '', words = '']) =>
    isTest(file)
      ? words.split('; ').flatMap((part) => (read(file).includes(part) ? [] : [`${name}: ${file}: ${part}`]))
      : [`${name}: ${file}`],
  );
  return [...faults, ...lost];
}

const page = read('docs/complaints.md');

test('each complaint is lived in a test that is there, or says what it comes with', () => {
  const rows = rowsOf(page);
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.flatMap(wrongIn)).toEqual([]);
});

test('what is meant to be better has each number once', () => {
  const numbers = rowsOf(page).flatMap(({ name }) => (/^\d+$/.test(name) ? [Number(name)] : []));
  expect(numbers).toEqual(Array.from({ length: 23 }, (_, at) => at + 1));
});

describe('what would be found', () => {
  const here = 'test/architecture/numbers.test.ts';
  test.each([
    ['no test and no reason', '—', 1],
    ['a file that is gone', '`test/deep/nowhere.test.ts` (words)', 1],
    ['words that are gone', `\`${here}\` (each file of its row tries it; nothing of the kind)`, 1],
    ['a file without words', `\`${here}\``, 1],
    ['no more than that', `\`${here}\` (each file of its row tries it)`, 0],
  ])('%s', (_what, lived, faults) => {
    const [row] = rowsOf(`| complaint | what | lived in |\n|---|---|---|\n| x | y | ${lived} |`);
    expect(row === undefined ? [] : wrongIn(row)).toHaveLength(faults);
  });
});
