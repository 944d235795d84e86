/** Proves that core's and contract's own type checks refuse what pure code must not have: Node, a browser, clocks of timers. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, tool, withPlanted } from './support.ts';

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
function check(world: string, source: string): { readonly code: number | null; readonly out: string } {
  return withPlanted({ 'package.json': '{"type":"module"}', 'planted.ts': source }, (folder) => {
    const config = {
      extends: path.join(root, world, 'tsconfig.json'),
      files: [path.join(folder, 'planted.ts'), path.join(root, 'core/ambient.d.ts')],
      include: [],
      exclude: [],
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
    return tool('tsc', ['-p', folder, '--pretty', 'false']);
  });
}

describe.each(['core', 'contract'])('the type check of %s/', (world) => {
  test.each(Object.entries(impure))('refuses %s', (_, source) => {
    const { code, out } = check(world, source);
    expect(out).toMatch(UNKNOWN_HERE);
    expect(code).not.toBe(0);
  });

  test('takes pure code', () => {
    const { code, out } = check(world, "export const bytes = new TextEncoder().encode('Bay 4');\n");
    expect(out).toBe('');
    expect(code).toBe(0);
  });
});
