/** Holds the kinds of alarms that the server raises and docs/alarms.md against each other, in both directions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, trackedFiles } from './support.ts';

/** Where a kind is given, and where one is named that lasts. */
const GIVEN = /(?:\bkind: |^ {2})'([A-Z]+(?:_[A-Z]+)+)'/gm;
const ROW = /^\| `([A-Z_]+)` \|(?: [^|]+ \|){2}$/gm;

const wordsOf = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, word = '']) => word);

function raised(): string[] {
  const sources = trackedFiles().filter((file) => /^server\/(?!http\/).*\.ts$/.test(file) && !file.endsWith('.test.ts'));
  const texts = sources.map((file) => readFileSync(join(root, file), 'utf8')).filter((text) => /Alarm/.test(text));
  return [...new Set(texts.flatMap((text) => wordsOf(text, GIVEN)))].toSorted();
}

test('every alarm has its row and every row its alarm', () => {
  const rows = wordsOf(readFileSync(join(root, 'docs/alarms.md'), 'utf8'), ROW);
  expect(rows.toSorted()).toEqual(raised());
});

test('a kind is found where it is given and where it is listed, and a row without what to do is none', () => {
  const source = "raiseAlarm(db, { workstationId, kind: 'SEAT_PLANTED', detail });\nconst LASTING = new Set([\n  'SEAT_LISTED',\n]);";
  expect(wordsOf(source, GIVEN)).toEqual(['SEAT_PLANTED', 'SEAT_LISTED']);
  expect(wordsOf('| `SEAT_PLANTED` | It was planted. | Dig. |\n| `SEAT_BARE` | It is bare. |', ROW)).toEqual(['SEAT_PLANTED']);
});
