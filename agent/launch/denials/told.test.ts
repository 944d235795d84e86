import { realpathSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { toldOf } from './told.ts';

const patient = 'Smith^Anna *1961-04-02';
const program = realpathSync('/bin/true');

test('a program that was denied is told with its path, in a folder of the machine', () => {
  expect(toldOf({ access: 'execute', path: program, count: 3 })).toEqual({ access: 'execute', count: 3, place: 'machine', path: program });
});

test.each([
  [`/home/wardlock/${patient}/x`, 'session'],
  ['/home/wardlock/x', 'session'],
  ['/tmp/SmithAnna19610402', 'session'],
  ['/run/user/session/x', 'session'],
  ['/media/stick/SmithAnna', 'other'],
  [path.posix.join('/', 'root', 'x'), 'other'],
  ['/srv/records/x', 'other'],
  ['/var/lib/records/SmithAnna', 'other'],
  [`/usr/share/${patient}`, 'other'],
  ['/usr/share/x\ny', 'other'],
  [`/usr/${'x'.repeat(300)}`, 'other'],
  ['x (deleted)', 'other'],
  ['(many)', 'many'],
])('of %s only the kind of place is told', (file, place) => {
  expect(toldOf({ access: 'execute', path: file, count: 1 })).toEqual({ access: 'execute', count: 1, place, path: null });
});

test('of reading only programs and scripts are told: data that is not there for an application is everyday probing', () => {
  expect(toldOf({ access: 'read', path: program, count: 1 })).toMatchObject({ access: 'read', path: program });
  expect(toldOf({ access: 'read', path: '/usr/lib/os-release', count: 1 })).toBeUndefined();
  expect(toldOf({ access: 'read', path: '/usr/bin', count: 1 })).toBeUndefined();
  expect(toldOf({ access: 'read', path: '/usr/bin/wl-not-there', count: 1 })).toBeUndefined();
  expect(toldOf({ access: 'read', path: '/home/wardlock/x', count: 1 })).toBeUndefined();
});
