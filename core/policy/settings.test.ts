/** Which timers, PIN rules and devices hold for whom: the most specific override, whatever the order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WEEKDAYS } from '../decision/rule.ts';
import { type DevicesForOrder, type Override, type SettingsFacts, type SettingsSource, settingsFor } from './settings.ts';

interface Timers {
  readonly warn: number;
  readonly keep: number;
}
interface Pin {
  readonly minDigits: number;
}
type Overrides = ReadonlyArray<Override<Timers, Pin, DevicesForOrder>>;

const facts: SettingsFacts = { role: 'nurse', ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 600 };
const of = (overrides: Overrides): SettingsSource<Timers, Pin, DevicesForOrder> => ({
  timers: { warn: 60, keep: 600 },
  pin: { minDigits: 6 },
  overrides,
  seatGroups: [{ id: 'bays', seats: ['Bay *'] }],
});

describe('settings', () => {
  test('are those of the policy where no override fits', () => {
    const silent: Overrides = [{ id: 'a', wards: ['er'], timers: { warn: 1 }, pin: { minDigits: 12 }, devices: {} }];
    expect(settingsFor(of(silent), facts)).toEqual({ timers: { warn: 60, keep: 600 }, pin: { minDigits: 6 }, devices: undefined });
  });
  test('differ field by field, and the heavier override wins each', () => {
    const overrides: Overrides = [
      { id: 'role', roles: ['nurse'], timers: { warn: 30, keep: 30 } },
      { id: 'ward', wards: ['icu'], timers: { warn: 300 } },
      { id: 'all', timers: { warn: 5, keep: 5 }, pin: { minDigits: 8 } },
    ];
    expect(settingsFor(of(overrides), facts)).toMatchObject({ timers: { warn: 300, keep: 30 }, pin: { minDigits: 8 } });
  });
  test('of more conditions outweigh those of fewer', () => {
    const overrides: Overrides = [
      { id: 'group', seatGroups: ['bays'], timers: { warn: 1 } },
      { id: 'two', roles: ['nurse'], days: ['mon'], timers: { warn: 2 } },
    ];
    expect(settingsFor(of(overrides), facts).timers.warn).toBe(2);
  });
  test('of the same weight go by the stricter value', () => {
    const overrides: Overrides = [
      { id: 'a', wards: ['icu'], timers: { warn: 90 }, pin: { minDigits: 4 }, devices: { usbStorage: 'allow' } },
      { id: 'b', wards: ['icu', 'er'], timers: { warn: 45 }, pin: { minDigits: 7 }, devices: { usbClasses: ['hid'] } },
    ];
    expect(settingsFor(of(overrides), facts)).toMatchObject({
      timers: { warn: 45 },
      pin: { minDigits: 7 },
      devices: { usbClasses: ['hid'] },
    });
  });
  test('for roles are silent before anybody is known', () => {
    const overrides: Overrides = [{ id: 'a', roles: ['nurse'], timers: { warn: 1 } }];
    expect(settingsFor(of(overrides), { ...facts, role: null }).timers.warn).toBe(60);
  });
  test('never depend on the order of the overrides', () => {
    const some = <T>(values: readonly T[]) => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const anyOverride = fc.record({
      roles: some(['nurse', 'porter']),
      wards: some(['icu', 'er']),
      seatGroups: some(['bays']),
      days: some(WEEKDAYS),
      timers: maybe(
        fc.oneof(fc.record({ warn: fc.nat(9) }), fc.record({ keep: fc.nat(9) }), fc.record({ warn: fc.nat(9), keep: fc.nat(9) })),
      ),
      pin: maybe(fc.record({ minDigits: fc.nat(9) })),
      devices: maybe(
        fc.record({ usbClasses: fc.subarray(['hid', 'printer']), usbStorage: fc.constantFrom('block' as const, 'allow' as const) }),
      ),
    });
    const defined = (value: object): object => Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
    fc.assert(
      fc.property(fc.array(anyOverride, { maxLength: 8 }), fc.infiniteStream(fc.nat(1_000)), (made, dice) => {
        const overrides = made.map((one, index) => ({ ...defined(one), id: `o${index}` }));
        const mixed = overrides
          .map((one) => ({ one, at: dice.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(settingsFor(of(mixed), facts)).toEqual(settingsFor(of(overrides), facts));
      }),
    );
  });
});
