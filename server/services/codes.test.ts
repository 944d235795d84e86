/** Codes and cards at the server: one person, some hours, shown once, audited. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SignInCode } from '../../contract/directory.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { codeHmac } from './codes.ts';

let folder: string;
let site: Site;
const ada = { id: 'n.ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'] };
const codesOfAda = async (): Promise<readonly SignInCode[]> => (await site.staff.ofWard('icu'))[0]?.codes ?? [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-codes-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.staff.put([ada]);
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

test('a code reaches the seats as a keyed hash with its end, and the log says who got one, never which', async () => {
  const before = await site.directories.version();
  const { code, validUntil } = await site.codes.issue('n.ada', 8, 'cli');
  expect(code).toMatch(/^[0-9]{8}$/);
  expect(Date.parse(validUntil) - Date.now()).toBeGreaterThan(7.9 * 3_600_000);
  expect(await codesOfAda()).toEqual([{ kind: 'code', hash: codeHmac(site.keys.badgeKey, code), validUntil }]);
  expect(await site.directories.version()).toBe(before + 1);
  const events = await site.store.db.selectFrom('server_events').selectAll().where('type', '=', 'code.issued').execute();
  expect(events.map(({ body }) => JSON.parse(body))).toMatchObject([{ person: 'n.ada', kind: 'code', count: 1 }]);
  expect(JSON.stringify(events)).not.toContain(code);
});

test('cards are twelve digits, all different; all of it can be withdrawn at once', async () => {
  const cards = await site.codes.cards('n.ada', { count: 10, days: 90 }, 'cli');
  expect(new Set(cards.map(({ code }) => code)).size).toBe(10);
  expect(cards.every(({ code }) => /^[0-9]{12}$/.test(code))).toBe(true);
  await site.codes.issue('n.ada', 1, 'cli');
  expect(await codesOfAda()).toHaveLength(11);
  expect(await site.codes.withdraw('n.ada', 'cli')).toBe(11);
  expect(await site.codes.withdraw('n.ada', 'cli')).toBe(0);
  // A mistyped id must not read as done.
  await expect(site.codes.withdraw('n.adda', 'cli')).rejects.toMatchObject({ code: 'CREDENTIAL_PERSON_UNKNOWN' });
  expect(await codesOfAda()).toEqual([]);
  expect(await site.log.firstFault()).toBeNull();
});

test('nobody gets codes without an end, without a number, for nobody, or more than a seat can hold', async () => {
  for (const hours of [0, 25, 1.5, Number.NaN]) {
    await expect(site.codes.issue('n.ada', hours, 'cli')).rejects.toMatchObject({ code: 'START_USAGE' });
  }
  await expect(site.codes.issue('n.nobody', 8, 'cli')).rejects.toMatchObject({ code: 'CREDENTIAL_PERSON_UNKNOWN' });
  await site.codes.cards('n.ada', { count: 50, days: 1 }, 'cli');
  await expect(site.codes.issue('n.ada', 8, 'cli')).rejects.toMatchObject({ code: 'CREDENTIAL_CODES_FULL' });
  expect(await codesOfAda()).toHaveLength(50);
});
