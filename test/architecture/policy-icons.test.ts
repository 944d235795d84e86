/** The icons that a policy is told of are those that the screens draw. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ICONS } from '../../policies/icons.ts';

test('policies/icons.ts has the names of the drawings in renderer/parts/icons.tsx', () => {
  const source = readFileSync(join(import.meta.dirname, '../../renderer/parts/icons.tsx'), 'utf8');
  const drawings = /const DRAWINGS[^{]*\{\n([\s\S]*?)\n\};/.exec(source)?.[1] ?? '';
  const names = [...drawings.matchAll(/^ {2}'?([a-zA-Z-]+)'?: /gm)].map(([, name]) => name);
  expect([...ICONS]).toEqual(names);
});
