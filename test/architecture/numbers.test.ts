/**
 * Holds docs/escapes.md against the tests: each number that a test begins with has a row, and each file of a row tries it. So no
 * number is lost when tests move.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, trackedFiles } from './support.ts';

type Kind = 'escape' | 'fault';
interface Row {
  readonly number: string;
  readonly files: readonly string[];
}

/** The beginning of a test's name, as it stands in a source. */
const NAMED = /['"`](escape|fault)s? (\d+(?:(?:, | and )\d+)*)\b/g;
/** An escape that is named by a field, whose tests are made in a loop. */
const FIELD = /\bescape: (\d+)\b/g;
const ROW = /^\| (\d+) \| [^|]+ \| ([^|]+) \|$/gm;

function numbersIn(text: string, kind: Kind): ReadonlySet<string> {
  const named = [...text.matchAll(NAMED)].filter(([, word]) => word === kind).flatMap(([, , list = '']) => list.match(/\d+/g) ?? []);
  const fields = kind === 'escape' ? [...text.matchAll(FIELD)].map(([, number = '']) => number) : [];
  return new Set([...named, ...fields]);
}

function rowsOf(page: string, heading: string): readonly Row[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(ROW)].map(([, number = '', cell = '']) => ({
    number,
    files: [...cell.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }));
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const tests = trackedFiles().filter((file) => /\.(test|spec)\.tsx?$/.test(file) && !file.startsWith('test/architecture/'));
const probes = trackedFiles().filter((file) => /^agent\/drill\/probes\/(?!.*\.test\.ts$).*\.ts$/.test(file));
const page = read('docs/escapes.md');

describe.each([
  ['escape', 'Escapes'],
  ['fault', 'Faults'],
] as const)('of each %s', (kind, heading) => {
  const rows = rowsOf(page, heading);

  test('the number that a test begins with has a row', () => {
    const known = new Set(rows.map(({ number }) => number));
    const tried = [...tests, ...probes].flatMap((file) => [...numbersIn(read(file), kind)]);
    expect(tried.length).toBeGreaterThan(50);
    expect([...new Set(tried)].filter((number) => !known.has(number))).toEqual([]);
  });

  test('each file of its row tries it', () => {
    const lost = rows.flatMap(({ number, files }) =>
      files.length === 0
        ? [`${number}: no file`]
        : files.filter((file) => !numbersIn(read(file), kind).has(number)).map((file) => `${number}: ${file}`),
    );
    expect(lost).toEqual([]);
    expect(rows.length).toBeGreaterThan(50);
  });
});

test('numbers are found in names and fields, and rows under their own heading only', () => {
  const source = "test('escapes 901 and 902 locked: x');\nit('fault 903: y');\nconst probe = { escape: 904 };";
  expect([...numbersIn(source, 'escape')]).toEqual(['901', '902', '904']);
  expect([...numbersIn(source, 'fault')]).toEqual(['903']);
  expect(rowsOf('\n## Escapes\n| 1 | a | `b.ts` |\n## Faults\n| 2 | c | `d.ts`, `e.ts` |\n', 'Faults')).toEqual([
    { number: '2', files: ['d.ts', 'e.ts'] },
  ]);
});
