import { beforeEach, expect, test } from 'vitest';
import { FloodedLog, LINES_OF_A_MESSAGE, MOST_MESSAGES } from './log-flood.ts';

let lines: (readonly [string, string, unknown])[];
let log: FloodedLog;
beforeEach(() => {
  lines = [];
  log = new FloodedLog({
    info: (message, fields) => lines.push(['info', message, fields]),
    warn: (message, fields) => lines.push(['warn', message, fields]),
    error: (message, fields) => lines.push(['error', message, fields]),
  });
});

const refuse = (times: number): void => {
  for (let time = 0; time < times; time += 1) log.warn('refused', { app: 'a' });
};

test('what is said now and then is written as it is', () => {
  log.info('began');
  log.warn('late', { seconds: 3 });
  log.error('broken');
  log.tellRepeats();
  expect(lines).toEqual([
    ['info', 'began', undefined],
    ['warn', 'late', { seconds: 3 }],
    ['error', 'broken', undefined],
  ]);
});

test('what goes on without end costs one line an interval, and none is uncounted', () => {
  refuse(10_000);
  expect(lines.length).toBe(LINES_OF_A_MESSAGE);
  log.tellRepeats();
  expect(lines.at(-1)).toEqual(['warn', 'refused', { repeated: 10_000 - LINES_OF_A_MESSAGE }]);
  refuse(10_000);
  log.tellRepeats();
  expect(lines.slice(LINES_OF_A_MESSAGE + 1)).toEqual([['warn', 'refused', { repeated: 10_000 }]]);
});

test('one flood keeps no other message back, of another level neither', () => {
  refuse(1_000);
  log.error('refused');
  log.warn('late');
  expect(lines.slice(LINES_OF_A_MESSAGE)).toEqual([
    ['error', 'refused', undefined],
    ['warn', 'late', undefined],
  ]);
});

test('after an interval in which nothing was held back all is written again', () => {
  refuse(LINES_OF_A_MESSAGE + 1);
  log.tellRepeats();
  log.tellRepeats();
  const before = lines.length;
  refuse(2);
  log.tellRepeats();
  expect(lines.slice(before)).toEqual(Array.from({ length: 2 }, () => ['warn', 'refused', { app: 'a' }]));
});

test('ever new messages share one count', () => {
  for (let number = 0; number < 10_000; number += 1) log.warn(`message ${number}`);
  expect(lines.length).toBe(MOST_MESSAGES + LINES_OF_A_MESSAGE);
  log.tellRepeats();
  expect(lines.at(-1)).toEqual(['warn', 'other messages', { repeated: 10_000 - MOST_MESSAGES - LINES_OF_A_MESSAGE }]);
});
