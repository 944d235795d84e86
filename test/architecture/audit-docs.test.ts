/** Holds the fault codes of core/audit and docs/audit-verify.md against each other, in both directions and word by word. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultMeanings } from '../../core/audit/faults.ts';

const text = readFileSync(new URL('../../docs/audit-verify.md', import.meta.url), 'utf8');
const rows = new Map([...text.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, code = '', meaning = '']) => [code, meaning]));

test('every fault has its row and every row its fault, with the same words', () => {
  expect(Object.fromEntries(rows)).toEqual(faultMeanings);
});
