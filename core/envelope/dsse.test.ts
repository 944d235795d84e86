import { expect, test } from 'vitest';
import { preAuthenticationEncoding } from './dsse.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('the example of the DSSE specification', () => {
  expect(text(preAuthenticationEncoding('http://example.com/HelloWorld', new TextEncoder().encode('hello world')))).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

test('lengths count bytes, so that no two pairs share an encoding', () => {
  const a = preAuthenticationEncoding('é', new Uint8Array());
  expect(text(a)).toBe('DSSEv1 2 é 0 ');
});
