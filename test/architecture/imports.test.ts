/** Plants one violation for each rule of .dependency-cruiser.cjs and expects the tool to name it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, tool, withPlanted } from './support.ts';

/** rule -> files of a small checkout that breaks it and nothing else of the kind */
const violations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core-imports-downwards': { 'core/a.ts': "import '../agent/b.ts';", 'agent/b.ts': 'export {};' },
  'contract-imports-downwards': { 'contract/a.ts': "export type { B } from '../policies/b.ts';", 'policies/b.ts': 'export type B = 1;' },
  'renderer-imports-downwards': { 'renderer/a.tsx': "import '../main/b.ts';", 'main/b.ts': 'export {};' },
  'agent-imports-downwards': { 'agent/a.ts': "import '../server/b.ts';", 'server/b.ts': 'export {};' },
  'main-imports-downwards': { 'main/a.ts': "await import('../agent/b.ts');", 'agent/b.ts': 'export {};' },
  'no-cycles': { 'agent/a.ts': "import './b.ts';", 'agent/b.ts': "import './a.ts';" },
  'nothing-imports-tests-or-the-demo': { 'cli/a.ts': "import '../test/b.ts';", 'test/b.ts': 'export {};' },
  'pure-folders-stay-pure': { 'core/a.ts': "import { readFileSync } from 'node:fs'; readFileSync('x');" },
  'pages-use-nothing-of-node': { 'renderer/a.tsx': "import 'node:os';" },
  'electron-stays-in-the-kiosk': { 'agent/a.ts': "import { app } from 'electron'; app.quit();" },
  'native-modules-stay-out-of-electron': {
    'main/a.ts': "import 'koffi';",
    'node_modules/koffi/package.json': '{"name":"koffi","version":"1.0.0","main":"index.js"}',
    'node_modules/koffi/index.js': '',
  },
  'agent-has-no-network': { 'agent/a.ts': "import 'node:https';" },
  'syncer-holds-no-secrets': { 'agent/syncer/a.ts': "import '../store/b.ts';", 'agent/store/b.ts': 'export {};' },
  'compose-is-the-edge': { 'agent/a.ts': "import './compose.ts';", 'agent/compose.ts': 'export {};' },
  'no-development-package-at-run-time': {
    'server/a.ts': "import 'some-tool';",
    'package.json': '{"devDependencies":{"some-tool":"1.0.0"}}',
    'node_modules/some-tool/package.json': '{"name":"some-tool","version":"1.0.0","main":"index.js"}',
    'node_modules/some-tool/index.js': '',
  },
  'everything-resolves': { 'server/a.ts': "import './gone.ts';" },
};

interface Report {
  readonly summary: { readonly totalCruised: number; readonly violations: readonly { readonly rule: { readonly name: string } }[] };
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'summary' in value;
}

function cruise(folder: string, targets: readonly string[]): Report {
  const config = path.join(root, '.dependency-cruiser.cjs');
  const { out } = tool('depcruise', ['--config', config, '--output-type', 'json', ...targets], folder);
  const report: unknown = JSON.parse(out);
  if (!isReport(report)) throw new TypeError('dependency-cruiser did not print a report');
  return report;
}

describe('the import rules', () => {
  test.each(Object.entries(violations))('%s is found when it is broken', (rule, files) => {
    const folders = [...new Set(Object.keys(files).map((file) => file.split('/')[0] ?? ''))].filter(
      (name) => !name.includes('.') && name !== 'node_modules',
    );
    const report = withPlanted({ 'package.json': '{}', ...files }, (folder) => cruise(folder, folders));
    expect(report.summary.totalCruised).toBeGreaterThan(0);
    expect(report.summary.violations.map((violation) => violation.rule.name)).toContain(rule);
  });

  test('no rule is without its planted violation', () => {
    const config = readFileSync(path.join(root, '.dependency-cruiser.cjs'), 'utf8');
    const rules = [...config.matchAll(/^\s+name: '([a-z-]+)'/gm)].map(([, name]) => name ?? '');
    expect(rules.length).toBeGreaterThan(8);
    expect(rules.filter((name) => !Object.hasOwn(violations, name))).toEqual([]);
  });

  test('a small checkout that keeps the rules breaks none', () => {
    const files = {
      'package.json': '{}',
      'core/a.ts': 'export const a = 1;',
      'contract/b.ts': "export { a } from '../core/a.ts';",
      'agent/c.ts': "import 'node:fs'; import { a } from '../contract/b.ts'; console.log(a);",
    };
    const report = withPlanted(files, (folder) => cruise(folder, ['core', 'contract', 'agent']));
    expect(report.summary.totalCruised).toBeGreaterThanOrEqual(3);
    expect(report.summary.violations).toEqual([]);
  });
});
