import { describe, expect, it } from 'vitest';
import type { TruthView } from '../../contract/seat-view.ts';
import { textFor } from '../i18n/text.ts';
import { type Check, checksOf, needingAttention } from './seat-check.ts';

const now = new Date('2026-11-29T10:00:00Z');
const WELL: TruthView = {
  reader: { state: 'ok', name: 'Desk reader' },
  connection: { state: 'online', since: '2026-11-29T06:00:00Z' },
  storage: { state: 'ok', daysLeft: 23, unreceipted: 1 },
  policy: { state: 'active', version: 7 },
  keys: { protection: 'keychain', meaning: '' },
  staff: { state: 'fresh', asOf: '2026-11-29T07:00:00Z' },
  idle: { confidence: 'full', reason: null },
  enforcement: { mode: 'enforced', missing: [] },
};

function check(id: Check['id'], more: Partial<TruthView>, locale: 'en' | 'de' = 'en'): Check {
  const found = checksOf(textFor(locale), { ...WELL, ...more }, now).find((one) => one.id === id);
  if (found === undefined) throw new Error(`nothing is said of ${id}`);
  return found;
}

describe('what IT sees at a seat', () => {
  it('says of a seat that is well what works, each in a sentence', () => {
    const checks = checksOf(textFor('en'), WELL, now);
    expect(checks.map(({ mark }) => mark)).toEqual(checks.map(() => 'ok'));
    expect(needingAttention(checks)).toBe(0);
    expect(checks.flatMap(({ says }) => says)).toEqual([
      'Desk reader works.',
      'The server answers.',
      'Version 7 is in force.',
      'The staff list is 3 hours old.',
      'Everything is recorded. Room for 23 days; 1 entry waits for the server.',
      'Every program is held to the rules.',
      'The key of this seat lies in the keychain of this machine.',
      'Idle time is measured and believed.',
    ]);
  });

  it.each<[Check['id'], Partial<TruthView>, Check['mark']]>([
    ['reader', { reader: { state: 'none', name: '' } }, 'unknown'],
    ['reader', { reader: { state: 'absent', name: 'R' } }, 'warn'],
    ['reader', { reader: { state: 'stopped', name: 'R' } }, 'warn'],
    ['reader', { reader: { state: 'frozen', name: 'R' } }, 'warn'],
    ['reader', { reader: { state: 'ghost', name: 'R' } }, 'warn'],
    ['connection', { connection: { state: 'offline', since: null } }, 'warn'],
    ['connection', { connection: { state: 'offline', since: '2026-11-29T07:00:00Z' } }, 'warn'],
    ['connection', { connection: { state: 'unenrolled', since: null } }, 'unknown'],
    ['policy', { policy: { state: 'none', version: 0 } }, 'stop'],
    ['policy', { policy: { state: 'stale', version: 7 } }, 'warn'],
    ['policy', { policy: { state: 'expired', version: 7 } }, 'stop'],
    ['staff', { staff: { state: 'none', asOf: null } }, 'stop'],
    ['staff', { staff: { state: 'old', asOf: '2026-11-26T07:00:00Z' } }, 'warn'],
    ['staff', { staff: { state: 'tooOld', asOf: '2026-11-16T07:00:00Z' } }, 'stop'],
    ['storage', { storage: { state: 'low', daysLeft: 1, unreceipted: 9 } }, 'warn'],
    ['storage', { storage: { state: 'full', daysLeft: 0, unreceipted: 9 } }, 'stop'],
    ['storage', { storage: { state: 'broken', daysLeft: 0, unreceipted: 9 } }, 'stop'],
    ['enforcement', { enforcement: { mode: 'degraded', missing: [] } }, 'warn'],
    ['keys', { keys: { protection: 'file', meaning: '' } }, 'warn'],
  ])('says of the %s what is wrong with it and what to do: %j', (id, more, mark) => {
    for (const locale of ['en', 'de'] as const) {
      const found = check(id, more, locale);
      expect(found.mark).toBe(mark);
      expect(found.says.join(' ')).toMatch(/\.$/);
      expect(found.todo).toMatch(/\.$/);
      expect(needingAttention([found])).toBe(mark === 'unknown' ? 0 : 1);
    }
  });

  it('says how long the server has been away, and that the work goes on', () => {
    const away = { connection: { state: 'offline', since: '2026-11-29T07:00:00Z' } } as const;
    expect(check('connection', away).says).toEqual(['No connection for 3 hours. Everything still works and is recorded.']);
    expect(check('connection', away, 'de').says).toEqual(['Seit 3 Stunden keine Verbindung. Alles geht weiter und wird aufgezeichnet.']);
  });

  it('names each layer that is missing, and takes the agent’s own words for one that it does not know', () => {
    const missing = [
      { layer: 'landlock', meaning: 'no Landlock' },
      { layer: 'of-tomorrow', meaning: 'Something of tomorrow is missing.' },
    ];
    for (const mode of ['enforced', 'degraded'] as const) {
      expect(check('enforcement', { enforcement: { mode, missing } }).says).toEqual([
        'Programs are not fully held to the rules.',
        'Programs can start others that the rules do not name.',
        'Something of tomorrow is missing.',
      ]);
    }
  });

  it('says why idle time is not believed, and believes nothing before it was tested', () => {
    const reasons = ['osBlind', 'osFrozen', 'cardAway', 'neverRests', 'clockwork'] as const;
    for (const reason of reasons) expect(check('idle', { idle: { confidence: 'low', reason } }).mark).toBe('warn');
    expect(check('idle', { idle: { confidence: 'testing', reason: null } }).mark).toBe('unknown');
  });
});
