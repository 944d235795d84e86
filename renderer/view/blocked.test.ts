import { describe, expect, it } from 'vitest';
import type { Blocked } from '../../contract/seat-view.ts';
import { textFor } from '../i18n/text.ts';
import { blockedText } from './blocked.ts';

const friday = new Date(2026, 10, 27, 23, 30);
const from = (inDays: number): Blocked => ({ kind: 'hours', next: { from: '07:00', inDays } });

describe('why an app cannot be opened now', () => {
  it.each<[Blocked, string, string]>([
    [from(0), 'Not at this time: from 07:00.', 'Nicht um diese Zeit: ab 07:00 Uhr.'],
    [from(1), 'Not at this time: from tomorrow, 07:00.', 'Nicht um diese Zeit: ab morgen, 07:00 Uhr.'],
    [from(3), 'Not at this time: from Monday, 07:00.', 'Nicht um diese Zeit: ab Montag, 07:00 Uhr.'],
    [{ kind: 'hours', next: null }, 'Not at this time.', 'Nicht um diese Zeit.'],
    [{ kind: 'place' }, 'Not in this ward or at this seat.', 'Nicht auf dieser Station oder an diesem Platz.'],
    [{ kind: 'withdrawn' }, 'Nobody may use it now. Ask the helpdesk.', 'Zurzeit für niemanden. Fragen Sie die Hotline.'],
    [
      { kind: 'unenforced' },
      'This seat is not fully protected. Tell the helpdesk.',
      'Dieser Platz ist nicht voll geschützt. Sagen Sie es der Hotline.',
    ],
  ])('%j', (blocked, english, german) => {
    expect(blockedText(textFor('en'), blocked, friday)).toBe(english);
    expect(blockedText(textFor('de'), blocked, friday)).toBe(german);
  });
});
