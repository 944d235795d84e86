import { describe, expect, test } from 'vitest';
import { enforcementWords, isTrouble } from './enforcement.ts';

const at = '2026-01-01T00:00:00Z';

describe('how far a seat enforces its policy', () => {
  test('is said in words, and what is missing is never left out', () => {
    expect(enforcementWords(null)).toBe('Not told yet');
    expect(enforcementWords({ mode: 'enforced', missing: [], at })).toBe('Enforced');
    expect(enforcementWords({ mode: 'enforced', missing: ['denial-reports'], at })).toBe(
      'Enforced, but what was stopped inside an application is not reported',
    );
    expect(enforcementWords({ mode: 'refusing', missing: ['app-user'], at })).toBe(
      'Starts no application: applications have no user of their own',
    );
    expect(enforcementWords({ mode: 'degraded.no-root', missing: ['landlock', 'tomorrow'], at })).toBe(
      'Not enforced: the agent is not root; programs can start others that the policy does not name; the layer tomorrow is missing',
    );
  });

  test('is trouble wherever anything is missing', () => {
    expect(isTrouble({ mode: 'enforced', missing: [], at })).toBe(false);
    expect(isTrouble({ mode: 'enforced', missing: ['network'], at })).toBe(true);
    expect(isTrouble({ mode: 'refusing', missing: [], at })).toBe(true);
  });
});
