/** What a good policy is told besides that it is good. */
import { expect, test } from 'vitest';
import { testPolicy } from '../test/support/policy.ts';
import { notesOf } from './notes.ts';
import type { PolicyDocument } from './schema.ts';

const notes = (change: Partial<PolicyDocument>) =>
  notesOf(testPolicy(1, { reader: 'AAAA', escrow: 'BBBB' }, change)).map((note) => note.split(':')[0]);

test('nothing where everything holds by itself', () => expect(notes({})).toEqual([]));
test('that devices are held by USBGuard, of an override too', () => {
  expect(notes({ devices: { usbClasses: ['hid'] } })).toEqual(['devices']);
  expect(notes({ overrides: [{ id: 'o', devices: { usbClasses: ['hid'] } }] })).toEqual(['devices']);
});
test('that monitor mode only watches', () => expect(notes({ mode: 'monitor' })).toEqual(['mode']));
test('that nobody could open what a page saves', () => {
  const web = { id: 'w', name: 'W', kind: 'web' as const, icon: 'w', url: 'x', origins: [], downloads: 'allow' as const };
  const native = {
    id: 'n',
    name: 'N',
    kind: 'native' as const,
    icon: 'n',
    path: '/usr/bin/n',
    sha256: '0'.repeat(64),
    args: [],
    env: {},
    children: [],
  };
  expect(notes({ apps: [web] })).toEqual(['downloads']);
  expect(notes({ apps: [{ ...web, print: true }, native] })).toEqual([]);
  expect(notes({ apps: [{ ...web, downloads: 'deny' }] })).toEqual([]);
});
