import { describe, expect, it } from 'vitest';
import type { AppView } from '../../contract/seat-view.ts';
import { textFor } from '../i18n/text.ts';
import { findApps } from './apps.ts';
import { NO_PIN, padKey, pinKey } from './pin.ts';
import { age, countdown, lastHere, partOfDay, untilNextMinute } from './time.ts';

const t = textFor('en');
const app = (name: string): AppView => ({ id: name.toLowerCase().replaceAll(' ', '-'), name, kind: 'native', icon: 'x', state: 'ready' });

describe('finding an app', () => {
  const apps = [app('Ward clock'), app('Calculator'), app('Röntgen'), app('Handbook of the ward')];
  const names = (typed: string): string[] => findApps(apps, typed).map(({ name }) => name);

  it('keeps the order of the policy when nothing is typed', () => {
    expect(names('  ')).toEqual(['Ward clock', 'Calculator', 'Röntgen', 'Handbook of the ward']);
  });

  it('finds without accents and capitals, beginnings first', () => {
    expect(names('rontgen')).toEqual(['Röntgen']);
    expect(names('WARD')).toEqual(['Ward clock', 'Handbook of the ward']);
    expect(names('ward hand')).toEqual(['Handbook of the ward']);
    expect(names('shell')).toEqual([]);
  });
});

describe('times and ages', () => {
  it('says when somebody was here last', () => {
    const now = new Date(2026, 10, 23, 14, 0);
    expect(lastHere(t, new Date(2026, 10, 23, 6, 40), now)).toBe('06:40');
    expect(lastHere(t, new Date(2026, 10, 22, 22, 5), now)).toBe('yesterday 22:05');
    expect(lastHere(t, new Date(2026, 10, 20, 6, 40), now)).toBe('20 Nov, 06:40');
  });

  it('says how long in one unit', () => {
    expect(age(t, 59_000)).toBe('a moment');
    expect(age(t, 60_000)).toBe('1 minute');
    expect(age(t, 3 * 3_600_000 + 5)).toBe('3 hours');
    expect(age(t, 49 * 3_600_000)).toBe('2 days');
  });

  it('counts down without jumping below zero', () => {
    expect(countdown(899_001)).toBe('15:00');
    expect(countdown(61_000)).toBe('1:01');
    expect(countdown(3_600_000)).toBe('1:00:00');
    expect(countdown(-5)).toBe('0:00');
  });

  it('knows the parts of a shift', () => {
    expect([2, 6, 13, 19, 23].map((hour) => partOfDay(new Date(2026, 0, 1, hour)))).toEqual([
      'night',
      'morning',
      'day',
      'evening',
      'night',
    ]);
    expect(untilNextMinute(new Date(2026, 0, 1, 12, 0, 59).getTime())).toBeLessThan(1100);
  });
});

describe('the PIN while it is typed', () => {
  it('takes digits up to the longest PIN and nothing else', () => {
    let entry = NO_PIN;
    for (const digit of ['1', '2', 'a', '٣', '34', '4']) entry = pinKey(entry, { kind: 'digit', digit }, 3);
    expect(entry.digits).toBe('124');
    expect(pinKey(entry, { kind: 'delete' }, 3).digits).toBe('12');
    expect(pinKey(entry, { kind: 'clear' }, 3).digits).toBe('');
  });

  it('knows the keys of the keyboard', () => {
    expect(padKey('7')).toEqual({ kind: 'digit', digit: '7' });
    expect(padKey('Enter')).toBe('ok');
    expect(padKey('Escape')).toBe('cancel');
    expect(padKey('x')).toBe('noDigit');
    expect(padKey('F5')).toBeUndefined();
    expect(padKey(' ')).toBeUndefined();
  });
});
