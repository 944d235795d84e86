/** Holds the taxonomy of events, with their classes and codes, and docs/events.md against each other, in both directions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventCodes } from '../../contract/event-codes.ts';
import { type EventType, events } from '../../contract/events.ts';
import { root } from './support.ts';

const ROW = /^\| `([a-z.]+)` \| (\d) \| ([^|]{10,}) \| ([\d /]+) \| (\d+) \| (\d+) \|$/gm;

/** Type, class and codes as a row has them. */
const rowsOf = (text: string): string[] =>
  [...text.matchAll(ROW)].map(([, type, kind, , dicom, ocsf, outcome]) => [type, kind, dicom, ocsf, outcome].join(' | '));

function rowOf(type: EventType): string {
  const { dicom, ocsf, outcome } = eventCodes[type];
  const id = dicom.type === null ? `${dicom.id}` : `${dicom.id} / ${dicom.type}`;
  return [type, events[type].class, id, ocsf.typeUid, outcome].join(' | ');
}

test('every type of event has its row, with its class and codes, and every row its type', () => {
  const types = Object.keys(events).filter((type): type is EventType => Object.hasOwn(eventCodes, type));
  expect(types).toHaveLength(Object.keys(events).length);
  expect(rowsOf(readFileSync(join(root, 'docs/events.md'), 'utf8')).toSorted()).toEqual(types.map(rowOf).toSorted());
});

test('a row that does not say what happened is none', () => {
  expect(rowsOf('| `a.planted` | 1 | It was planted. | 110100 | 100799 | 0 |\n| `a.bare` | 1 |  | 110100 | 100799 | 0 |')).toEqual([
    'a.planted | 1 | 110100 | 100799 | 0',
  ]);
});
