/** Sockets have short paths: a folder that is too deep would keep the kiosk from starting at all. */
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-files.ts';

test('the own folder is taken as long as the socket in it fits', () => {
  const longest = `/${'a'.repeat(73)}`;
  expect(`${longest}/scoped_dirXXXXXX/SingletonSocket`).toHaveLength(107);
  expect(temporaryFolder(longest)).toBe(longest);
  expect(temporaryFolder(`${longest}a`)).toBeNull();
  expect(temporaryFolder(`/${'ä'.repeat(37)}`)).toBeNull();
});
