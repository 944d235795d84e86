/** What an auditor reads of events that say less than it may seem: a sentence must not claim more than the seat knew. */
import { expect, test } from 'vitest';
import { sentenceOf } from './sentences.ts';

const session = '0'.repeat(32);
const app = 'records';
const names = { person: () => 'Anna' };

test.each([
  ['print.ended', { session, app, outcome: 'sent' }, 'The printer took the page of records.'],
  ['print.ended', { session, app, outcome: 'no-printer' }, 'The page of records was not printed (no-printer).'],
  [
    'print.ended',
    { session, app, outcome: 'unknown' },
    'The screens ended while the page of records was being printed: whether it was is not known.',
  ],
  ['download.refused', { session, app, reason: 'too-large', count: 1 }, 'records tried to save a file and could not (too-large).'],
  [
    'download.refused',
    { session, app: 'not-named', reason: 'screens-lost', count: 2 },
    'The screens ended while 2 files were being saved: nothing of that is kept.',
  ],
  ['web.failed', { session, app, reason: 'certificate', count: 1 }, 'records could not show a page (certificate).'],
  ['web.failed', { session: null, app, reason: 'connection', count: 3 }, 'records could not show pages, 3 times (connection).'],
] as const)('%s with %o', (type, body, says) => expect(sentenceOf(type, body, names)).toEqual({ lane: 'apps', says }));

test.each([
  [{ person: 'n.anna', reason: 'pin.wrong', triesLeft: 2, badge: null }, 'Anna was refused (pin.wrong); 2 tries left.'],
  [{ person: null, reason: 'badge.unknown', triesLeft: 0, badge: null }, 'Anna was refused (badge.unknown).'],
  [{ person: 'n.anna', reason: 'ui.missing', triesLeft: 0, badge: null }, 'Anna was refused (ui.missing).'],
] as const)('tries are told of a wrong PIN only: %o', (body, says) =>
  expect(sentenceOf('auth.refused', body, names)).toEqual({ lane: 'who', says }),
);
