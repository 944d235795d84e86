/**
 * Which PINs nobody may choose: too short, or among the first that somebody who guesses tries. Pure. The same rules hold at
 * the seat and at the server; whether a person had a PIN before is for those who hold the verifiers.
 */

export type PinWeakness = 'form' | 'short' | 'repeat' | 'sequence' | 'date' | 'common';

export const LONGEST_PIN = 12;
/** Former PINs that a person may not take again. */
export const PIN_HISTORY = 3;

/** Chosen again and again by people, and not caught by the rules below. */
const COMMON: ReadonlySet<string> = new Set([
  '1004',
  '1313',
  '2580',
  '0852',
  '4711',
  '1379',
  '0815',
  '147258',
  '258369',
  '159753',
  '159357',
  '147852',
  '121314',
  '142536',
  '246810',
  '135790',
  '13579',
  '24680',
  '112358',
  '314159265358',
  '102030',
  '101112',
  '123654',
  '321456',
  '456123',
  '789456',
  '147896',
  '147369',
  '520520',
  '5201314',
  '0123210',
  '1234321',
  '123454321',
]);

/** Why this PIN is refused, or null. @param minDigits the least that the policy and the seat ask for */
export function pinWeakness(pin: string, minDigits: number): PinWeakness | null {
  if (!/^[0-9]+$/.test(pin) || pin.length > LONGEST_PIN) return 'form';
  if (pin.length < minDigits) return 'short';
  if (repeats(pin)) return 'repeat';
  if (runs(pin)) return 'sequence';
  if (isDate(pin)) return 'date';
  return COMMON.has(pin) ? 'common' : null;
}

/** 111111, 121212, 123123, 112233, 111222: few digits, or one block again and again. */
function repeats(pin: string): boolean {
  if (new Set(pin).size <= 2 && pin.length > 4) return true;
  for (let block = 1; block <= pin.length / 2; block++) {
    if (pin.length % block === 0 && pin.slice(0, block).repeat(pin.length / block) === pin) return true;
  }
  return /^(\d)\1(\d)\2(\d)\3$/.test(pin) && runs(pin.replace(/(\d)\1/g, '$1'));
}

/** 123456, 987654, 890123: each digit is one more than that before it, or each one less; nine is followed by zero. */
function runs(pin: string): boolean {
  const steps = [...pin].slice(1).map((digit, at) => (Number(digit) - Number(pin[at]) + 10) % 10);
  return steps.every((step) => step === 1) || steps.every((step) => step === 9);
}

const YEAR = /^(19|20)\d\d$/;

/** A year, a day of the year, or a date in the orders that people write: day, month, year; month, day, year; year, month, day. */
function isDate(pin: string): boolean {
  const [a, b, c] = [pin.slice(0, 2), pin.slice(2, 4), pin.slice(4, 6)];
  const tail = pin.slice(4);
  switch (pin.length) {
    case 4:
      return YEAR.test(pin) || isDay(a, b) || isDay(b, a);
    case 6:
      return isDay(a, b) || isDay(b, a) || isDay(c, b);
    case 8:
      return (YEAR.test(tail) && (isDay(a, b) || isDay(b, a))) || (YEAR.test(pin.slice(0, 4)) && isDay(pin.slice(6), pin.slice(4, 6)));
    default:
      return false;
  }
}

const LAST_DAY = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function isDay(day: string, month: string): boolean {
  const last = LAST_DAY[Number(month) - 1];
  return last !== undefined && Number(day) >= 1 && Number(day) <= last;
}
