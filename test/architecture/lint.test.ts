/** Plants the mistakes that the linters are there for, and expects them to be named with the project's own configuration. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, tool, withPlanted } from './support.ts';

const mistakes: Readonly<Record<string, string>> = {
  'typescript(no-floating-promises)': 'async function append(): Promise<void> {}\nexport function f(): void {\n  append();\n}\n',
  'typescript(switch-exhaustiveness-check)':
    "export function f(state: 'locked' | 'unlocked'): number {\n  switch (state) {\n    case 'locked':\n      return 1;\n  }\n  return 0;\n}\n",
  'typescript(no-explicit-any)': 'export const anything: any = 1;\n',
  'typescript(no-unsafe-assignment)': "export const parsed: string = JSON.parse('1');\n",
  'typescript(no-unsafe-member-access)': "export const length = JSON.parse('1').length;\n",
  'typescript(no-misused-promises)': 'export function f(list: string[]): string[] {\n  return list.filter(async () => true);\n}\n',
  'typescript(only-throw-error)': "export function f(): never {\n  throw 'text';\n}\n",
  'typescript(ban-ts-comment)': "// @ts-ignore\nexport const a: number = 'x';\n",
  'eslint(max-params)': 'export function f(a: 1, b: 1, c: 1, d: 1, e: 1): number {\n  return a + b + c + d + e;\n}\n',
};

const tsconfig = JSON.stringify({ compilerOptions: { strict: true, target: 'ES2024', module: 'nodenext', noEmit: true }, include: ['.'] });

function lint(source: string): { readonly code: number | null; readonly out: string } {
  return withPlanted({ 'tsconfig.json': tsconfig, 'planted.ts': source }, (folder) => {
    copyFileSync(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
    return tool('oxlint', ['--type-aware', '--deny-warnings', '-f', 'unix', '.'], folder);
  });
}

describe('oxlint with types', () => {
  test.each(Object.entries(mistakes))('%s is found', (rule, source) => {
    const { code, out } = lint(source);
    expect(out).toContain(rule);
    expect(code).not.toBe(0);
  });

  test('says nothing about code without them', () => {
    expect(lint('export const seats: readonly string[] = [];\n').code).toBe(0);
  });
});
