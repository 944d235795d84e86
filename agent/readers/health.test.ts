import { describe, expect, test } from 'vitest';
import { ReaderHealth, SETTLED_MS } from './health.ts';

const state = (health: ReaderHealth, isExpected = false): string => health.report({ isExpected }).state;

describe('how the readers are', () => {
  test('nobody misses a reader that never was, unless the policy expects one', () => {
    const health = new ReaderHealth();
    expect(state(health)).toBe('none');
    expect(state(health, true)).toBe('stopped');
    health.service(true);
    expect(state(health)).toBe('none');
    expect(state(health, true)).toBe('absent');
  });

  test('plugged, unplugged, service gone and back: each is told, by the name of the reader', () => {
    const health = new ReaderHealth();
    health.service(true);
    health.plugged('ACME 00', true);
    expect(health.report({ isExpected: false })).toEqual({ state: 'ok', name: 'ACME 00', readers: [{ name: 'ACME 00', state: 'ok' }] });
    health.plugged('ACME 00', false);
    expect(health.report({ isExpected: false })).toEqual({ state: 'absent', name: 'ACME 00', readers: [] });
    health.service(false);
    expect(state(health)).toBe('stopped');
    health.service(true);
    health.plugged('ACME 00', true);
    expect(state(health)).toBe('ok');
  });

  test('a card that hung makes a ghost until it is gone, and hides no other reader’s trouble', () => {
    const health = new ReaderHealth();
    health.service(true);
    health.plugged('A', true);
    health.plugged('B', true);
    health.hung('B', 'reading');
    expect(health.report({ isExpected: false })).toMatchObject({ state: 'ghost', name: 'B' });
    health.plugged('B', true);
    health.alive();
    expect(state(health)).toBe('ghost');
    health.answered('B');
    expect(state(health)).toBe('ok');
  });

  test('what froze stays frozen until something answers, or until there is no service left', () => {
    const health = new ReaderHealth();
    health.service(true);
    health.plugged('A', true);
    health.hung('A', 'probing');
    expect(state(health)).toBe('frozen');
    health.plugged('A', true);
    expect(state(health)).toBe('frozen');
    health.alive();
    expect(state(health)).toBe('ok');
    health.hung(null, 'probing');
    health.service(false);
    expect(state(health)).toBe('stopped');
  });

  test('a change is written down once it has stayed; what is over before is not', () => {
    const health = new ReaderHealth();
    expect(health.settled('ok', 0)).toBeNull();
    expect(health.settled('absent', 10)).toBeNull();
    expect(health.settled('ok', 20)).toBeNull();
    expect(health.settled('ok', 20 + SETTLED_MS - 1)).toBeNull();
    expect(health.settled('ok', 20 + SETTLED_MS)).toBe('ok');
    expect(health.settled('ok', 99_999)).toBeNull();
    expect(health.settled('stopped', 100_000)).toBeNull();
    expect(health.settled('ok', 100_001)).toBeNull();
    expect(health.settled('ok', 200_000)).toBeNull();
  });
});
