/**
 * Rules about the text of the source that no linter has: sizes, what pure folders may name, and that nothing committed names a
 * machine or a registry. Each rule is shown to find a planted violation.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, trackedFiles } from './support.ts';

/** A longer file holds more than one idea. */
const MOST_LINES = 400;

const isSource = (file: string): boolean => /\.(ts|tsx|mts|mjs|cjs)$/.test(file);
const isText = (file: string): boolean =>
  isSource(file) || /\.(md|json|ya?ml|html|css|sh|svg)$|^\.ci\/run$|^\.npmrc$|^\.gitignore$/.test(file);

interface Rule {
  readonly what: string;
  readonly applies: (file: string) => boolean;
  readonly broken: RegExp;
  readonly planted: string;
}

// The patterns are put together from pieces so that this file does not break its own rules.
const any = ['an', 'y'].join('');
/** A checkout directly below `/` is named like a folder of its own, so its path says nothing. */
const ownPlaces = root.split('/').length > 2 ? [root] : [];

/** So that a path can stand in an expression. */
function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const rules: readonly Rule[] = [
  {
    what: 'no `any` type',
    applies: (file) => /\.tsx?$/.test(file) && file !== 'test/architecture/lint.test.ts',
    broken: new RegExp(`(:|\\bas|<|,|\\|)\\s*${any}\\b\\s*([;,)>=\\]|]|$)`, 'm'),
    planted: `const x = value as ${any};`,
  },
  {
    what: 'no comment that turns the type check off',
    applies: (file) => /\.tsx?$/.test(file) && !file.startsWith('test/architecture/'),
    broken: /@ts-(ignore|nocheck|expect-error)/,
    planted: '// @ts-ignore',
  },
  {
    what: 'core and contract name no module of Node',
    applies: (file) => /^(core|contract)\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file),
    broken: /\bfrom 'node:|\bimport\(?\s*'node:/,
    planted: "import { readFileSync } from 'node:fs';",
  },
  {
    what: 'core and contract ask no clock and no randomness',
    applies: (file) => /^(core|contract)\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file),
    broken: /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/,
    planted: 'const now = Date.now();',
  },
  {
    what: 'no path of somebody’s machine',
    applies: isText,
    // Where this very checkout lies, and the homes that checkouts usually lie in.
    broken: new RegExp(`(^|[^\\w.])(${[...ownPlaces, '/root', '/Users'].map(escapeRegExp).join('|')})/[\\w.-]+`, 'm'),
    planted: `see ${path.posix.join('/', 'root', 'checkout')}`,
  },
  {
    what: 'no address of a package registry or mirror',
    applies: isText,
    broken: /https?:\/\/[^\s/"']*(registry|npmjs|artifactory|nexus|mirror|pypi)[^\s/"']*\.[^\s"']+/i,
    planted: ['https:', '', 'registry.example.org', 'pkg'].join('/'),
  },
];

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const files = trackedFiles();

describe('the text of the source', () => {
  test.each(rules)('$what', ({ applies, broken, planted }) => {
    expect(planted).toMatch(broken);
    expect(files.filter((file) => applies(file) && broken.test(read(file)))).toEqual([]);
  });

  test(`no source file has more than ${MOST_LINES} lines`, () => {
    const sources = files.filter(isSource);
    expect(sources.length).toBeGreaterThan(40);
    expect(
      sources.map((file) => ({ file, lines: read(file).trimEnd().split('\n').length })).filter(({ lines }) => lines > MOST_LINES),
    ).toEqual([]);
  });

  test('every TypeScript file of the product opens with what it owns', () => {
    const opened = /^(#!.*\n)?\s*(\/\*\*|\/\/)/;
    const product = files.filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$|\.spec\.ts$|^test\//.test(file));
    expect('export const x = 1;').not.toMatch(opened);
    expect(product.filter((file) => !opened.test(read(file)))).toEqual([]);
  });
});
