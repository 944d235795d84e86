import { expect, test } from 'vitest';
import { type EntryHeader, KIND_DATA } from '../../core/audit/index.ts';
import { indexRow } from './index-rows.ts';

const header: EntryHeader = {
  kind: KIND_DATA,
  paddingClass: 0,
  length: 0,
  boot: 1,
  epoch: 0,
  seq: 7,
  wallMicros: 1_790_000_000_000_000,
  bootMicros: 0,
  workstation: new Uint8Array(16),
  incarnation: new Uint8Array(8),
  link: new Uint8Array(8),
  nonce: new Uint8Array(12),
};
const outcomeOf = (event: object): number | null =>
  indexRow({ log: { workstationId: '0'.repeat(32), incarnation: '0'.repeat(16) }, logNo: 1, header, text: JSON.stringify(event) }).outcome;

test('the outcome is that of the event, not only of its type: who is locked out did not merely fail', () => {
  const refused = (reason: string, triesLeft: number | null): object => ({ type: 'auth.refused', body: { reason, triesLeft } });
  expect(outcomeOf(refused('pin.wrong', 3))).toBe(4);
  expect(outcomeOf(refused('pin.wrong', 0))).toBe(8);
  expect(outcomeOf(refused('pin.blocked', null))).toBe(8);
  expect(outcomeOf({ type: 'session.locked', body: { reason: 'idle' } })).toBe(0);
});

test('of an event that this build does not know no outcome is claimed', () => {
  expect(outcomeOf({ type: 'app.dreamt', body: {} })).toBeNull();
});
