/**
 * Timers, PIN rules and devices as they hold for one role at one seat at one time. Of the overrides that fit, the one with more
 * conditions wins; of as many, the heavier condition; what is still equal goes by the stricter value, so that the order of the
 * overrides never matters. Pure.
 */
import {
  applies,
  CONDITIONS,
  type Condition,
  groupsOf,
  type RuleFacts,
  type Scope,
  type SeatGroup,
  type Whereabouts,
} from '../decision/rule.ts';

export interface Override<T, P, D> extends Scope {
  readonly id: string;
  readonly timers?: Partial<T>;
  readonly pin?: Partial<P>;
  readonly devices?: D;
}

/** As much of a policy as the choice needs; a policy document fits. */
export interface SettingsSource<T, P, D> {
  readonly timers: T;
  readonly pin: P;
  readonly devices?: D;
  readonly overrides?: ReadonlyArray<Override<T, P, D>>;
  readonly seatGroups?: readonly SeatGroup[];
}

export interface Settings<T, P, D> {
  readonly timers: T;
  readonly pin: P;
  /** undefined: the policy says nothing about devices here. */
  readonly devices: D | undefined;
}

/** As much of `devices` as it takes to tell the stricter of two. */
export interface DevicesForOrder {
  readonly usbClasses?: readonly unknown[];
  readonly usbDevices?: readonly unknown[];
  readonly usbStorage?: 'block' | 'allow';
  readonly newKeyboard?: 'lock' | 'allow';
}

export interface SettingsFacts extends Whereabouts {
  /** null before anybody is known: overrides for roles are silent then. */
  readonly role: string | null;
}

/** The heavier stands first: the smaller the circle that a condition draws, the more it weighs. */
const WEIGHT: readonly Condition[] = ['seatGroups', 'wards', 'roles', 'between', 'days'];

/** Numbers of which the greater is the stricter one; of all others the smaller. */
const GREATER_IS_STRICTER: ReadonlySet<string> = new Set(['minDigits', 'firstWaitSeconds']);

/** The timers, PIN rules and devices that hold there and then. Where `facts.role` is null, overrides for roles speak about nobody. */
export function settingsFor<T extends object, P extends object, D extends DevicesForOrder>(
  source: SettingsSource<T, P, D>,
  { role, ...where }: SettingsFacts,
): Settings<T, P, D> {
  const facts: RuleFacts = { ...where, role: role ?? '', seatGroups: groupsOf(where.seat, source.seatGroups ?? []) };
  const fitting = (source.overrides ?? [])
    .filter((one) => (role !== null || one.roles === undefined) && applies(one, facts))
    .sort((one, other) => weightOf(other) - weightOf(one));
  return {
    timers: merged(
      source.timers,
      ranked(fitting, ({ timers }) => timers),
    ),
    pin: merged(
      source.pin,
      ranked(fitting, ({ pin }) => pin),
    ),
    devices: strictestDevices(ranked(fitting, ({ devices }) => devices)[0]?.values ?? []) ?? source.devices,
  };
}

/** More conditions first; of as many, the heavier ones. */
function weightOf(scope: Scope): number {
  const named = CONDITIONS.filter((condition) => scope[condition] !== undefined);
  const mask = named.reduce((sum, condition) => sum + 2 ** (WEIGHT.length - 1 - WEIGHT.indexOf(condition)), 0);
  return named.length * 2 ** WEIGHT.length + mask;
}

interface Rank<V> {
  readonly weight: number;
  readonly values: V[];
}

/** What overrides of one weight say stands together, the heaviest first. */
function ranked<O extends Scope, V>(overrides: readonly O[], valueOf: (one: O) => V | undefined): ReadonlyArray<Rank<V>> {
  const ranks: Rank<V>[] = [];
  for (const override of overrides) {
    const value = valueOf(override);
    if (value === undefined) continue;
    const [weight, last] = [weightOf(override), ranks.at(-1)];
    if (last?.weight === weight) last.values.push(value);
    else ranks.push({ weight, values: [value] });
  }
  return ranks;
}

/** Field by field: the heaviest rank that says something about a field decides it. */
function merged<B extends object>(base: B, ranks: ReadonlyArray<Rank<Partial<B>>>): B {
  const result = { ...base };
  for (const { values } of [...ranks].reverse()) Object.assign(result, ...values.map((value) => stricter(value, values)));
  return result;
}

/** The fields of one partial value, each in the strictest form that its equals give it. */
function stricter<B extends object>(value: Partial<B>, equals: ReadonlyArray<Partial<B>>): Partial<B> {
  const fields = Object.entries(value).map(([field, own]): readonly [string, unknown] => {
    const others = equals.map((one): unknown => Object.entries(one).find(([name]) => name === field)?.[1]);
    const numbers = others.filter((one): one is number => typeof one === 'number');
    if (typeof own !== 'number') return [field, own];
    return [field, GREATER_IS_STRICTER.has(field) ? Math.max(...numbers) : Math.min(...numbers)];
  });
  return Object.assign({}, value, Object.fromEntries(fields));
}

/** The one that lets less in; the text itself decides between two that are as strict. */
function strictestDevices<D extends DevicesForOrder>(devices: readonly D[]): D | undefined {
  const key = ({ usbStorage = 'block', newKeyboard = 'lock', usbClasses = [], usbDevices = [] }: D): string =>
    [usbStorage === 'allow' ? 1 : 0, newKeyboard === 'allow' ? 1 : 0, pad(usbClasses.length), pad(usbDevices.length)].join(' ');
  const sortable = devices.map((one) => ({ one, at: `${key(one)} ${JSON.stringify(one)}` }));
  return sortable.sort((one, other) => (one.at < other.at ? -1 : 1))[0]?.one;
}

const DIGITS = 6;
const pad = (count: number): string => String(count).padStart(DIGITS, '0');
