/**
 * Holds the error codes and docs/errors.md against each other in both directions. Must read the document as it is
 * committed, never a copy.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorMeanings } from '../../core/errors/index.ts';
import { missingPrograms, root, trackedFiles } from './support.ts';

interface Row {
  readonly code: string;
  readonly meaning: string;
}

/** The rows of every table in a Markdown text whose first cell is a code in backticks. */
function rowsOf(markdown: string): readonly Row[] {
  return [...markdown.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map(([, code = '', meaning = '']) => ({ code, meaning: meaning.trim() }));
}

const documented = rowsOf(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8'));

describe('docs/errors.md', () => {
  test('every code of the source has exactly one row', () => {
    const rows = documented.map((row) => row.code);
    expect(Object.keys(errorMeanings).filter((code) => rows.filter((row) => row === code).length !== 1)).toEqual([]);
  });

  test('every row names a code of the source', () => {
    expect(documented.map((row) => row.code).filter((code) => !Object.hasOwn(errorMeanings, code))).toEqual([]);
  });

  test('every row says what the source says', () => {
    const meanings: ReadonlyMap<string, string> = new Map(Object.entries(errorMeanings));
    expect(documented.filter((row) => meanings.get(row.code) !== row.meaning).map((row) => row.code)).toEqual([]);
  });

  test('the table reader finds rows, so that the tests above cannot pass on an empty list', () => {
    expect(rowsOf('| `PLANTED` | It was planted. | Dig. |')).toEqual([{ code: 'PLANTED', meaning: 'It was planted.' }]);
    expect(documented.length).toBeGreaterThan(20);
  });
});

describe('the codes', () => {
  const product = trackedFiles().filter((file) => /\.tsx?$/.test(file) && !/^(core\/errors|test)\/|\.test\.tsx?$/.test(file));
  const text = product.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');

  test('each is used by the product: a code that nothing throws promises what does not happen', ({ skip }) => {
    skip(missingPrograms().length > 0, `these programs are not written yet: ${missingPrograms().join(', ')}`);
    expect(product.length).toBeGreaterThan(50);
    expect(text).not.toContain('A_CODE_THAT_NOBODY_USES');
    expect(Object.keys(errorMeanings).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
