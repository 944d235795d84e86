/** Which addresses a pattern of a web application means. */
import { expect, test } from 'vitest';
import { fitsPattern } from './url-pattern.ts';

const origin = 'https://a.example';

test.each([
  ['https://a.example/chart', '/chart', true],
  ['https://a.example/chart', '/chart/', false],
  ['https://a.example/chart', '/Chart', false],
  ['https://a.example/chart/*', '/chart/7', true],
  ['https://a.example/chart/*', '/chart/', true],
  ['https://a.example/chart/*', '/chart/7/print', false],
  ['https://a.example/chart/**', '/chart/7/print?x=/y', true],
  ['https://a.example/chart/*/lab', '/chart/7/lab', true],
  ['https://a.example/chart/*/lab', '/chart/7/8/lab', false],
  ['https://a.example/**/lab', '/chart/7/8/lab', true],
  ['https://a.example/**/lab', '/chart/7/8/lab/x', false],
  ['https://a.example/v*.html', '/v12.html', true],
  ['https://a.example/a.b', '/axb', false],
  ['https://a.example/*', '/*', true],
  ['https://a.example/', '/', true],
  ['https://A.example/', '/', true],
  ['https://b.example/**', '/', false],
  ['https://a.example:8443/**', '/', false],
  ['http://a.example/**', '/', false],
  ['no address', '/', false],
])('%s fits %s: %s', (pattern, path, expected) => expect(fitsPattern(pattern, { origin, path })).toBe(expected));

test('stars in a row and a long address take no long time', () =>
  expect(fitsPattern(`https://a.example/${'**a'.repeat(300)}b`, { origin, path: `/${'a'.repeat(2_000)}` })).toBe(false));
