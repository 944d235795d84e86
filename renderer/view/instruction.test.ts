import { describe, expect, it } from 'vitest';
import type { TruthView } from '../../contract/seat-view.ts';
import { instructionOf } from './instruction.ts';

const WELL: TruthView = {
  reader: { state: 'ok', name: 'Reader' },
  connection: { state: 'online', since: null },
  storage: { state: 'ok', daysLeft: 23, unreceipted: 0 },
  policy: { state: 'active', version: 7 },
  keys: { protection: 'keychain', meaning: '' },
  staff: { state: 'fresh', asOf: '2026-11-23T06:00:00Z' },
  idle: { confidence: 'full', reason: null },
  enforcement: { mode: 'enforced', missing: [] },
};
const NO_WAY = { byName: false, suggests: false, byCode: false, newBadge: false };
const says = (truth: Partial<TruthView>, byName = false): readonly string[] => {
  const { title, hint } = instructionOf({ truth: { ...WELL, ...truth }, signIn: { ...NO_WAY, byName }, kept: null });
  return [title, hint];
};

describe('what the lock tells people to do', () => {
  it('asks for a badge where one works, and for a name where the reader does not', () => {
    expect(says({})).toEqual(['lock.tap', 'lock.tapHint']);
    expect(says({ reader: { state: 'frozen', name: 'Reader' } })).toEqual(['lock.readerFrozen', 'lock.readerFrozenHint']);
    expect(says({ reader: { state: 'frozen', name: 'Reader' } }, true)).toEqual(['lock.readerFrozen', 'lock.useName']);
    expect(says({ reader: { state: 'ghost', name: 'Reader' } }, true)).toEqual(['lock.readerGhost', 'lock.readerGhostHint']);
  });

  it.each<Partial<TruthView>>([
    { policy: { state: 'none', version: 0 } },
    { policy: { state: 'expired', version: 7 } },
    { staff: { state: 'none', asOf: null } },
    { staff: { state: 'tooOld', asOf: '2026-11-20T06:00:00Z' } },
  ])('asks for no badge where every one is refused: %j', (truth) => {
    expect(says(truth)).toEqual(['lock.nobody', 'faulted.other']);
    expect(says({ ...truth, reader: { state: 'absent', name: 'Reader' } }, true)).toEqual(['lock.nobody', 'faulted.other']);
  });

  it('asks whoever may come back to an emergency access', () => {
    const truth: TruthView = { ...WELL, policy: { state: 'expired', version: 7 } };
    const kept = { initials: 'AR', until: '2026-11-23T14:32:00Z' };
    expect(instructionOf({ truth, signIn: NO_WAY, kept })).toEqual({ title: 'lock.tap', hint: 'lock.tapHint' });
  });

  it.each<Partial<TruthView>>([
    { policy: { state: 'stale', version: 7 } },
    { staff: { state: 'old', asOf: '2026-11-22T06:00:00Z' } },
    { connection: { state: 'offline', since: null } },
  ])('still asks for one where it is let in: %j', (truth) => expect(says(truth)).toEqual(['lock.tap', 'lock.tapHint']));
});
