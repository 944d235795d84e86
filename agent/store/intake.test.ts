/** What may enter the log of what somebody can repeat without end. */
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { Intake } from './intake.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;

function intakeAt() {
  const clock = { micros: 0 };
  const intake = new Intake(() => clock.micros);
  const recorded = (event: AuditEvent, times: number): number =>
    Array.from({ length: times }, () => intake.admit(event, 0)).filter(({ outcome }) => outcome === 'admitted').length;
  return { clock, intake, recorded };
}

const incident = (code: string): AuditEvent => ({ type: 'sync.incident', body: { code } });
const repeatable: readonly AuditEvent[] = [
  incident('SERVER_ANSWER_MALFORMED'),
  { type: 'policy.refused', body: { code: 'POLICY_UNSIGNED', offered: null, kept: 5 } },
  { type: 'directory.refused', body: { code: 'DIRECTORY_UNSIGNED', kept: 3 } },
];

describe('refusals of what the syncer hands in', () => {
  test.each(repeatable)('$type: the first are recorded, then one in a minute, and the rest is counted', (event) => {
    const { clock, intake, recorded } = intakeAt();
    expect(recorded(event, 10)).toBe(10);
    expect(recorded(event, 5_000)).toBe(0);
    expect(intake.takeSummaries()).toEqual([{ type: 'recording.summarised', body: { type: event.type, count: 5_000 } }]);
    clock.micros += MINUTE;
    expect(recorded(event, 100)).toBe(1);
    expect(intake.takeSummaries()).toEqual([{ type: 'recording.summarised', body: { type: event.type, count: 99 } }]);
  });

  test('of another code are recorded while one is repeated; of however many codes there are so many', () => {
    const { clock, recorded } = intakeAt();
    expect(recorded(incident('SERVER_ANSWER_MALFORMED'), 1_000)).toBe(10);
    expect(recorded(incident('AUDIT_RECEIPT_REFUSED'), 1)).toBe(1);
    const all = (): number => Array.from({ length: 300 }, (_, at) => recorded(incident(`CODE_${at}`), 1)).reduce((a, b) => a + b);
    expect(all()).toBe(49);
    clock.micros += MINUTE;
    expect(all()).toBe(6);
  });

  test('are no bound for anything else of class 1', () => {
    const { intake, recorded } = intakeAt();
    const locked: AuditEvent = { type: 'session.locked', body: { session: null, reason: 'idle' } };
    expect(recorded(locked, 1_000)).toBe(1_000);
    expect(intake.takeSummaries()).toEqual([]);
  });
});
