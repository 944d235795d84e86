import { expect, test } from 'vitest';
import { errorMeanings } from '../core/errors/index.ts';
import { connectionSays, limitsSay } from './doctor.ts';

const since = '2030-06-01T12:00:00.000Z';

test('a seat that is heard is heard since when', () =>
  expect(connectionSays({ state: 'online', since })).toEqual({ state: 'ok', says: `Connected to the server since ${since}.` }));

test('why the server is not heard is said, and what to do', () => {
  const detail = 'https://server:8443 did not answer: connect ECONNREFUSED';
  expect(connectionSays({ state: 'offline', since, detail })).toEqual({
    state: 'warn',
    says: `No connection since ${since}. Everything works and is recorded. ${detail}`,
    todo: 'Check that the syncer runs and the server answers.',
  });
});

test('nobody looks for a broken network at a seat that was revoked', () =>
  expect(connectionSays({ state: 'offline', since, detail: errorMeanings.SERVER_SEAT_REVOKED })).toMatchObject({
    says: expect.stringContaining('This seat was revoked.'),
    todo: 'If it shall come back, set it up anew with an empty state folder, and enrol it with a new token.',
  }));

test('a seat that the server forgot is told how to come back', () =>
  expect(connectionSays({ state: 'offline', since, detail: errorMeanings.SERVER_SEAT_UNKNOWN })).toMatchObject({
    todo: expect.stringContaining('audit snapshot FILE'),
  }));

test('whether applications can use up the machine is said for each kind of limit', () => {
  const mode = { name: 'enforced', missing: [] } as const;
  expect(limitsSay({ mode, limits: 'session' })).toMatchObject({
    state: 'ok',
    says: expect.stringMatching(/ [1-9][0-9]+ MiB .* together/u),
  });
  expect(limitsSay({ mode, limits: 'process' })).toMatchObject({ state: 'warn', todo: expect.stringContaining('version 2') });
  expect(limitsSay({ mode: { name: 'degraded.no-root', missing: [] }, limits: 'none' })).toMatchObject({ state: 'warn' });
  expect(limitsSay({ mode: { name: 'refusing', missing: [] }, limits: 'none' })).toMatchObject({ state: 'unknown' });
});
