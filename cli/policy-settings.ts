/** What of a policy holds for somebody somewhere at some time besides what they may start, in lines that a person reads. */
import { applies, groupsOf } from '../core/decision/rule.ts';
import { type SettingsFacts, settingsFor } from '../core/policy/settings.ts';
import { choicesOf } from '../policies/effective.ts';
import type { PolicyDocument } from '../policies/schema.ts';

export function settingsOf(document: PolicyDocument, facts: SettingsFacts): { readonly lines: readonly string[]; readonly body: object } {
  const settings = settingsFor(document, facts);
  const choices = choicesOf(document);
  const overrides = fitting(document, facts);
  const lines = [
    `Overrides that fit: ${overrides.length === 0 ? 'none' : overrides.join(', ')}.`,
    ...Object.entries({ timers: settings.timers, pin: settings.pin }).flatMap(([name, values]) => rows(name, values)),
    ...(settings.devices === undefined ? ['devices: the policy says nothing'] : rows('devices', settings.devices)),
    ...rows('', choices),
  ];
  return { lines, body: { settings, choices, overrides } };
}

function fitting({ overrides = [], seatGroups = [] }: PolicyDocument, { role, ...where }: SettingsFacts): readonly string[] {
  const facts = { ...where, role: role ?? '', seatGroups: groupsOf(where.seat, seatGroups) };
  return overrides.filter((one) => (role !== null || one.roles === undefined) && applies(one, facts)).map(({ id }) => id);
}

function rows(name: string, values: object): readonly string[] {
  return Object.entries(values).map(([field, value]: readonly [string, unknown]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `  ${name === '' ? '' : `${name}.`}${field}: ${text}`;
  });
}
