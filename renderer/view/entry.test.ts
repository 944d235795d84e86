import { describe, expect, it } from 'vitest';
import { entryOf } from './entry.ts';

const both = { names: true, codes: true };

describe('what somebody without a badge types', () => {
  it('is a code when it is digits only, however they are grouped', () => {
    expect(entryOf('4821 7730', both)).toEqual({ kind: 'code', code: '48217730' });
    expect(entryOf(' 4821-7730-1122 ', both)).toEqual({ kind: 'code', code: '482177301122' });
  });

  it('is a name otherwise', () => {
    expect(entryOf(' ada.reyes ', both)).toEqual({ kind: 'name', name: 'ada.reyes' });
    expect(entryOf('Ada Reyes 2', both)).toEqual({ kind: 'name', name: 'Ada Reyes 2' });
  });

  it('means nothing yet while it is too short, or where the seat does not take it', () => {
    for (const typed of ['', '  ', '4821', '-', '12345678901234567']) expect(entryOf(typed, both)).toBeNull();
    expect(entryOf('ada', { names: false, codes: true })).toBeNull();
    expect(entryOf('48217730', { names: true, codes: false })).toBeNull();
  });
});
