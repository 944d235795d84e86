/**
 * Holds the error codes and docs/errors.md against each other in both directions. Must read the document as it is
 * committed, never a copy.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EventBodyOf } from '../../contract/events.ts';
import { errorMeanings, isErrorCode } from '../../core/errors/index.ts';
import { missingPrograms, root, trackedFiles } from './support.ts';

interface Row {
  readonly code: string;
  readonly meaning: string;
  readonly todo: string;
}

/** The rows of every table in a Markdown text whose first cell is a code in backticks. */
function rowsOf(markdown: string): readonly Row[] {
  const cells = markdown.matchAll(/^\| `([^`]+)` \|([^|\n]*)\|([^|\n]*)\|$/gm);
  return [...cells].map(([, code = '', meaning = '', todo = '']) => ({ code, meaning: meaning.trim(), todo: todo.trim() }));
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

  test('every row says what to do', () => {
    expect(documented.filter((row) => row.todo.length < 5).map((row) => row.code)).toEqual([]);
  });

  test('the table reader finds rows, so that the tests above cannot pass on an empty list', () => {
    expect(rowsOf('| `PLANTED` | It was planted. | Dig. |')).toEqual([{ code: 'PLANTED', meaning: 'It was planted.', todo: 'Dig.' }]);
    expect(rowsOf('| `PLANTED` | It was planted. | |')).toEqual([{ code: 'PLANTED', meaning: 'It was planted.', todo: '' }]);
    expect(documented.length).toBeGreaterThan(20);
  });
});

describe('the codes', () => {
  test('are the only ones that the record gives for a refusal', () => {
    type Code = EventBodyOf<'border.refused' | 'app.refused' | 'policy.refused' | 'directory.refused' | 'enrolment.refused'>['code'];
    const known: Code = 'UI_REFUSED';
    // @ts-expect-error this line fails the type check as soon as any text is taken for a code
    const foreign: Code = 'A_CODE_THAT_NOBODY_USES';
    expect([known, foreign].map(isErrorCode)).toEqual([true, false]);
  });

  const product = trackedFiles().filter((file) => /\.tsx?$/.test(file) && !/^(core\/errors|test)\/|\.test\.tsx?$/.test(file));
  const text = product.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');

  test('each is used by the product: a code that nothing throws promises what does not happen', () => {
    expect(missingPrograms()).toEqual([]);
    expect(product.length).toBeGreaterThan(50);
    expect(text).not.toContain('A_CODE_THAT_NOBODY_USES');
    expect(Object.keys(errorMeanings).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
