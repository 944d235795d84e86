/** Each preset becomes a valid policy that keeps its comments, and lets a ward do what its comments promise. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LaunchFacts } from '../core/decision/decide.ts';
import type { RuleFacts, Whereabouts } from '../core/decision/rule.ts';
import { tilesOf } from '../core/decision/tiles.ts';
import { settingsFor } from '../core/policy/settings.ts';
import { waysIn } from '../core/policy/sign-in.ts';
import { choicesOf, webOptions } from './effective.ts';
import { isPreset, PRESETS, type PresetName } from './preset.ts';
import { presetPolicy, presetText } from './test-preset.ts';

const folder = join(import.meta.dirname, 'presets');
const names = Object.keys(PRESETS).filter(isPreset);

test('there is a file for each name, and a name for each file', () =>
  expect(readdirSync(folder).toSorted()).toEqual(names.map((name) => `${name}.jsonc`).toSorted()));

describe.each(names)('%s', (name) => {
  test('is a valid policy once a site has filled it in', () => expect(presetPolicy(name)).toMatchObject({ tenant: 'clinic', version: 3 }));
  test('keeps its comments, and says first whose it is', () => {
    const comments = (from: string): string[] => from.match(/^\s*\/\/.*$/gm) ?? [];
    expect(comments(presetText(name))).toEqual(comments(readFileSync(join(folder, `${name}.jsonc`), 'utf8')));
    expect(Object.keys(presetPolicy(name)).slice(0, 4)).toEqual(['$schema', 'schema', 'tenant', 'version']);
  });
  test('asks every role for a PIN, and gives a WCAG countdown', () => {
    const { pin, timers } = presetPolicy(name);
    expect(pin.minDigits).toBeGreaterThanOrEqual(6);
    expect(timers.warningSeconds).toBeGreaterThanOrEqual(20);
  });
});

const anywhere = { ward: 'any', seat: 'Bay 4', seatGroups: new Set<string>(), day: 'wed', minute: 0 } as const;
const noon: Whereabouts = { ward: 'any', seat: 'Bay 4', day: 'wed', minute: 12 * 60 };
const night: Whereabouts = { ...noon, minute: 2 * 60 };
const may = (name: PresetName, role: string | null, where: Whereabouts): readonly string[] => {
  const session: LaunchFacts['session'] = role === null ? { kind: 'breakglass' } : { kind: 'person', role };
  return [...tilesOf({ session, where }, presetPolicy(name))].filter(([, blocked]) => blocked === null).map(([id]) => id);
};

describe('what a ward can do', () => {
  test('emergency: nurses see images in the resuscitation room only, emergency access needs no badge and sees all', () => {
    expect(may('emergency', 'nurse', noon)).not.toContain('imaging');
    expect(may('emergency', 'nurse', { ...noon, seat: 'Resus 2' })).toContain('imaging');
    expect(presetPolicy('emergency').breakGlass.needsBadge).toBe(false);
    expect(may('emergency', null, night)).toEqual(['board', 'records', 'imaging', 'poisons']);
  });
  test('pharmacy: nurses have the cupboard at night and nothing by day; the vault rests at night and at weekends', () => {
    expect(may('pharmacy', 'nurse', noon)).toEqual([]);
    expect(may('pharmacy', 'nurse', night)).toEqual(['night-cupboard']);
    const byDay = tilesOf({ session: { kind: 'person', role: 'nurse' }, where: noon }, presetPolicy('pharmacy'));
    expect([...byDay].map(([id, blocked]) => [id, blocked?.kind])).toEqual([['night-cupboard', 'hours']]);
    expect(may('pharmacy', 'vault-keeper', noon)).toContain('vault');
    expect(may('pharmacy', 'vault-keeper', night)).not.toContain('vault');
    expect(may('pharmacy', 'vault-keeper', { ...noon, day: 'sun' })).not.toContain('vault');
    expect(waysIn(presetPolicy('pharmacy').signIn?.rules ?? [], { role: 'vault-keeper', ...anywhere }, 0).secondRoles).toEqual([
      'pharmacist',
    ]);
  });
  test('front desk: no emergency access, and admission rests at night', () => {
    expect(presetPolicy('front-desk').breakGlass.enabled).toBe(false);
    expect(may('front-desk', 'receptionist', noon)).toEqual(['admission', 'visitors']);
    expect(may('front-desk', 'receptionist', night)).toEqual(['visitors']);
  });
  test('vendor maintenance: never alone, by day, on working days; the technician always', () => {
    expect(may('vendor-maintenance', 'vendor', noon)).toEqual(['service']);
    expect(may('vendor-maintenance', 'vendor', night)).toEqual([]);
    expect(may('vendor-maintenance', 'vendor', { ...noon, day: 'sat' })).toEqual([]);
    expect(may('vendor-maintenance', 'technician', night)).toEqual(['service', 'tickets']);
    expect(waysIn(presetPolicy('vendor-maintenance').signIn?.rules ?? [], { role: 'vendor', ...anywhere }, 0).secondRoles).toEqual([
      'technician',
    ]);
  });
  const settings = (name: PresetName, role: string, where: Whereabouts) => settingsFor(presetPolicy(name), { ...where, role });
  test('the resuscitation room, night and roles have timers and PINs of their own', () => {
    expect(settings('emergency', 'nurse', { ...noon, seat: 'Resus 2' }).timers.warnAfterSeconds).toBe(900);
    expect(settings('emergency', 'nurse', noon).timers.warnAfterSeconds).toBe(300);
    expect(settings('intensive-care', 'nurse', night).timers.warnAfterSeconds).toBe(900);
    expect(settings('intensive-care', 'visiting', night).timers).toMatchObject({ warnAfterSeconds: 120, keepSeconds: 600 });
    expect(settings('nursing-station', 'agency', night).timers.warnAfterSeconds).toBe(240);
    expect(settings('pharmacy', 'vault-keeper', noon)).toMatchObject({ timers: { warnAfterSeconds: 30 }, pin: { minDigits: 8 } });
    expect(settings('pharmacy', 'pharmacist', noon)).toMatchObject({ timers: { warnAfterSeconds: 60 }, pin: { minDigits: 6 } });
    expect(settings('vendor-maintenance', 'vendor', noon).timers.maxSessionSeconds).toBe(3600);
  });
  test('what cannot be recorded locks the pharmacy and keeps the emergency department going', () => {
    expect(choicesOf(presetPolicy('pharmacy'))).toMatchObject({ recordingBroken: 'lock', emergencyUnrecordedMinutes: 0 });
    expect(choicesOf(presetPolicy('emergency'))).toMatchObject({ recordingBroken: 'no-new-sessions', emergencyUnrecordedMinutes: 15 });
    expect(choicesOf(presetPolicy('nursing-station'))).toMatchObject({ mode: 'lockdown', accent: 'petrol', languages: ['en', 'de'] });
  });
  test('vendor maintenance: technicians come in by name in the workshop, on working days', () => {
    const rules = presetPolicy('vendor-maintenance').signIn?.rules ?? [];
    const byName = (change: Partial<RuleFacts>) => waysIn(rules, { ...anywhere, role: 'technician', ...change }, 0).nameAndPin;
    const workshop = new Set(['workshop']);
    expect([byName({}), byName({ seatGroups: workshop }), byName({ seatGroups: workshop, day: 'sun' })]).toEqual([false, true, false]);
  });
  test('pages copy and print only where the ward needs it, and no preset lets them save', () => {
    const open = (name: PresetName) =>
      presetPolicy(name).apps.flatMap((app) => {
        if (app.kind !== 'web') return [];
        const { print, downloads, clipboard } = webOptions(app);
        expect([app.id, downloads]).toEqual([app.id, 'deny']);
        return [...(clipboard !== 'deny' ? [`${app.id} copies`] : []), ...(print ? [`${app.id} prints`] : [])];
      });
    expect(names.map((name) => [name, open(name)]).filter(([, apps]) => apps?.length !== 0)).toEqual([
      ['nursing-station', ['handbook copies']],
      ['front-desk', ['admission prints']],
    ]);
  });
  test('nursing station and intensive care: the badge alone after a PIN, but not for agency staff', () => {
    const ways = (name: PresetName, role: string) => waysIn(presetPolicy(name).signIn?.rules ?? [], { role, ...anywhere }, 0);
    expect(ways('nursing-station', 'nurse').badgeOnlyMs).toBe(4 * 3_600_000);
    expect(ways('nursing-station', 'agency').badgeOnlyMs).toBe(0);
    expect(ways('intensive-care', 'physician').badgeOnlyMs).toBe(8 * 3_600_000);
    expect(ways('intensive-care', 'visiting').badgeOnlyMs).toBe(0);
  });
});
