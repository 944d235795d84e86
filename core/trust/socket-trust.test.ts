import { describe, expect, test } from 'vitest';
import { judgeSocket } from './socket-trust.ts';

const SOCKET = 0o140000;
const FOLDER = 0o040000;
const LINK = 0o120000;
const owned = { socket: { uid: 0, mode: SOCKET | 0o660 }, folder: { uid: 0, mode: FOLDER | 0o750 } };

describe('trust in a socket before connecting', () => {
  test('a socket and folder of the expected owner, closed to the world, are trusted', () => {
    expect(judgeSocket(owned, 0)).toEqual({ trusted: true });
  });

  test.each([
    ['a link in the place of the socket', { ...owned, socket: { uid: 0, mode: LINK | 0o777 } }, 'not-a-socket'],
    ['a link in the place of the folder', { ...owned, folder: { uid: 0, mode: LINK | 0o777 } }, 'not-a-folder'],
    ['a socket of another user', { ...owned, socket: { uid: 1000, mode: SOCKET | 0o660 } }, 'foreign-owner'],
    ['a folder of another user', { ...owned, folder: { uid: 1000, mode: FOLDER | 0o750 } }, 'foreign-owner'],
    ['a folder that the world may write', { ...owned, folder: { uid: 0, mode: FOLDER | 0o1777 } }, 'world-writable'],
    ['a folder that a group may write', { ...owned, folder: { uid: 0, mode: FOLDER | 0o770 } }, 'world-writable'],
    ['a socket that the world may write', { ...owned, socket: { uid: 0, mode: SOCKET | 0o666 } }, 'world-writable'],
  ] as const)('%s is refused', (_name, standing, reason) => {
    expect(judgeSocket(standing, 0)).toEqual({ trusted: false, reason });
  });
});
