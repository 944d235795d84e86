import { expect, test } from 'vitest';
import type { DrillAttempt } from '../../contract/drill.ts';
import { verdictOf } from './play.ts';

const attempts = (...outcomes: readonly DrillAttempt['outcome'][]): readonly DrillAttempt[] =>
  outcomes.map((outcome, at) => ({ escape: at + 1, what: 'a way out', outcome, detail: '' }));

test.each([
  ['passed', attempts('held', 'held')],
  ['incomplete', attempts('held', 'leftOut', 'held')],
  ['failed', attempts('held', 'leftOut', 'through')],
  ['failed', attempts('held', 'broken')],
  ['failed', attempts('leftOut', 'leftOut')],
  ['failed', attempts()],
] as const)('%s', (verdict, played) => {
  expect(verdictOf(played)).toBe(verdict);
});
