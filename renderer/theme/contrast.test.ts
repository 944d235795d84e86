import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Accent } from '../../contract/looks.ts';

/** WCAG 2.2: relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const [lightCss = '', darkCss = ''] = css.split(':root[data-theme="dark"]');
const tokensOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/(--[a-z-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));

const themes = [
  ['light', tokensOf(lightCss)],
  ['dark', tokensOf(darkCss)],
] as const;

/** What each accent puts over the tokens of a theme. */
const accentCss = readFileSync(new URL('./accents.css', import.meta.url), 'utf8');
const OWN_ACCENT = 'petrol';
function accentOf(theme: string, accent: string): ReadonlyMap<string, string> {
  if (accent === OWN_ACCENT) return new Map();
  const selector = `:root${theme === 'dark' ? '[data-theme="dark"]' : ''}[data-accent="${accent}"] {`;
  const rules = accentCss.split('\n\n').filter((rule) => rule.split('\n').includes(selector));
  if (rules.length !== 1) throw new Error(`${accent} has ${rules.length} rules in the ${theme} theme`);
  return tokensOf(rules.join());
}
const faces = Accent.anyOf.flatMap(({ const: accent }) =>
  themes.map(([theme, tokens]) => [theme, accent, new Map([...tokens, ...accentOf(theme, accent)])] as const),
);

/** Text on what it stands on, as the screens use it. */
const TEXT: readonly (readonly [string, readonly string[]])[] = [
  ['--ink', ['--ground', '--ground-deep', '--surface', '--surface-raised', '--accent-soft', '--warn-soft', '--stop-soft']],
  ['--ink-soft', ['--ground', '--ground-deep', '--surface', '--surface-raised']],
  ['--accent', ['--ground', '--surface', '--surface-raised', '--accent-soft']],
  ['--on-accent', ['--accent']],
  ['--ok', ['--ground', '--surface']],
  ['--warn', ['--ground', '--surface', '--warn-soft']],
  ['--stop', ['--ground', '--surface', '--stop-soft']],
  ['--on-stop', ['--stop-fill']],
];
/** Edges of controls and shapes that carry meaning (WCAG 1.4.11). */
const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  ['--line-strong', ['--ground', '--surface', '--surface-raised']],
  ['--focus', ['--ground', '--surface']],
  ['--unknown', ['--ground', '--surface']],
];

describe.each(faces)('contrast of the %s theme in %s', (_theme, _accent, tokens) => {
  const pairs = (rows: typeof TEXT) => rows.flatMap(([over, unders]) => unders.map((under) => [over, under] as const));
  const value = (name: string): string => {
    const found = tokens.get(name);
    if (found === undefined) throw new Error(`${name} is not in this theme`);
    return found;
  };

  it.each(pairs(TEXT))('%s on %s is at least 7:1', (over, under) => {
    expect(contrast(value(over), value(under))).toBeGreaterThanOrEqual(7);
  });

  it.each(pairs(SHAPES))('%s on %s is at least 3:1', (over, under) => {
    expect(contrast(value(over), value(under))).toBeGreaterThanOrEqual(3);
  });
});

describe('the accents', () => {
  const chosen = Accent.anyOf.map((literal) => literal.const).filter((accent) => accent !== OWN_ACCENT);

  it.each(chosen)('%s gives all of its own colours in both themes, and no colour that warns or stops', (accent) => {
    for (const [theme] of themes) {
      expect([...accentOf(theme, accent).keys()]).toEqual(['--accent', '--accent-soft', '--on-accent', '--focus']);
    }
  });

  it('are those that a policy can name, and no other', () => {
    const named = new Set([...accentCss.matchAll(/\[data-accent="([a-z]+)"\]/g)].map(([, accent]) => accent));
    expect([...named].sort()).toEqual(chosen.toSorted());
  });
});

describe('the two themes', () => {
  it('name the same colours', () => {
    expect([...themes[1][1].keys()].sort()).toEqual([...themes[0][1].keys()].sort());
  });
});
