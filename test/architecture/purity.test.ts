/** Proves that core's and contract's own type checks refuse what pure code must not have: Node, a browser, clocks of timers. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { planted, root, tool } from './support.ts';

/** Each must be refused by the pure world and is fine on Node or in a browser. */
const impure: Readonly<Record<string, string>> = {
  'a Node module': "import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x', 'utf8');\n",
  'a Node global': 'export const pid = process.pid;\n',
  'a buffer': "export const bytes = Buffer.from('x');\n",
  'a page': 'export const title = document.title;\n',
  'the network': "export const answer = fetch('x');\n",
  'a timer': 'export const timer = setTimeout(() => {}, 1);\n',
  randomness: 'export const id = crypto.randomUUID();\n',
  'a monotonic clock': 'export const now = performance.now();\n',
  console: "console.log('x');\nexport {};\n",
};

/** tsc's words for a name or module that this world does not have. */
const UNKNOWN_HERE = /planted\.ts\(\d+,\d+\): error TS(2304|2307|2552|2580|2584|2591|2868)/;

/** A type check of one file in the world of one of the project's folders. */
function check(folder: string, source: string): { readonly code: number | null; readonly out: string } {
  using plot = planted({ 'package.json': '{"type":"module"}', 'planted.ts': source });
  const config = {
    extends: path.join(root, folder, 'tsconfig.json'),
    files: [path.join(plot.folder, 'planted.ts'), path.join(root, 'core/ambient.d.ts')],
    include: [],
    exclude: [],
  };
  using project = planted({ 'tsconfig.json': JSON.stringify(config) });
  return tool('tsc', ['-p', project.folder, '--pretty', 'false']);
}

describe.each(['core', 'contract'])('the type check of %s/', (folder) => {
  test.each(Object.entries(impure))('refuses %s', (_, source) => {
    const { code, out } = check(folder, source);
    expect(out).toMatch(UNKNOWN_HERE);
    expect(code).not.toBe(0);
  });

  test('takes pure code', () => {
    const { code, out } = check(folder, "export const bytes = new TextEncoder().encode('Bay 4');\n");
    expect(out).toBe('');
    expect(code).toBe(0);
  });
});
