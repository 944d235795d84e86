import { argon2Sync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';

let folder: string;
let site: Site;
const ada = { id: 'n.ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'], pin: '805917' };

beforeEach(async ({ onTestFinished }) => {
  const made = await mkdtemp(join(tmpdir(), 'wardlock-staff-'));
  // Also where the site does not open: then there is nothing to close.
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  folder = made;
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
});
afterEach(async () => {
  await site.close();
});

test('the PIN verifier is Argon2id as another implementation computes it from the same parameters', async () => {
  await site.staff.put([ada]);
  const pin = (await site.staff.ofWard('icu'))[0]?.pin;
  if (pin === undefined || pin === null) throw new Error('there is no verifier');
  const output = argon2Sync('argon2id', {
    message: '805917',
    nonce: Buffer.from(pin.salt, 'base64'),
    parallelism: pin.lanes,
    tagLength: 32,
    memory: pin.memoryKiB,
    passes: pin.passes,
  });
  expect(output.toString('base64')).toBe(pin.output);
});

test('a list is taken as a whole or not at all', async () => {
  const bad = { ...ada, id: 'n.bad', badges: ['04A1B2C3'] };
  await expect(site.staff.put([ada, bad])).rejects.toMatchObject({ code: 'SERVER_BADGE_TAKEN' });
  expect(await site.staff.list()).toEqual([]);
  await expect(site.staff.put([ada, { ...ada, id: 'n.x', pin: '12' }])).rejects.toMatchObject({ code: 'SERVER_STAFF_MALFORMED' });
  expect(await site.staff.list()).toEqual([]);
  expect(await site.directories.version()).toBe(0);
});

test('one id twice in a list, and a time that ends before it begins, are refused by name', async () => {
  await expect(site.staff.put([ada, { ...ada, displayName: 'Eve', badges: [] }])).rejects.toMatchObject({
    code: 'SERVER_STAFF_MALFORMED',
    message: 'Person 2 (n.ada): person 1 has the same id. Write each person once.',
  });
  for (const validUntil of ['2027-01-01T00:00:00Z', '2026-12-31T23:59:59Z']) {
    await expect(site.staff.put([{ ...ada, validFrom: '2027-01-01T00:00:00Z', validUntil }])).rejects.toMatchObject({
      code: 'SERVER_STAFF_MALFORMED',
      message: 'Person 1 (n.ada): "validUntil" must be later than "validFrom".',
    });
  }
  expect(await site.staff.list()).toEqual([]);
});

test('a person is replaced, keeps the PIN that is not given anew, and every change is a new version', async () => {
  await site.staff.put([ada]);
  const before = (await site.staff.ofWard('icu'))[0];
  await site.staff.put([{ id: ada.id, displayName: 'Ada R. Reyes', givenName: 'Ada', role: 'lead', badges: [], revoked: true }]);
  const after = (await site.staff.ofWard('icu'))[0];
  expect(after).toMatchObject({ displayName: 'Ada R. Reyes', role: 'lead', badges: [], revoked: true, pin: before?.pin });
  expect(await site.directories.version()).toBe(2);
});

test('a date that does not exist is refused: it must not become a person who never expires', async () => {
  for (const validUntil of ['2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:61:00Z']) {
    await expect(site.staff.put([{ ...ada, validUntil }])).rejects.toMatchObject({
      code: 'SERVER_STAFF_MALFORMED',
      message: expect.stringContaining('"validUntil"'),
    });
  }
  expect(await site.staff.list()).toEqual([]);
  await site.staff.put([{ ...ada, validUntil: '2028-02-29T23:59:59.5Z' }]);
  expect((await site.staff.ofWard('icu'))[0]?.validUntil).toBe('2028-02-29T23:59:59.500Z');
});

test('a PIN that is easy to guess is refused, and so is the whole list', async () => {
  for (const pin of ['123456', '111111', '241285', '147258']) {
    await expect(site.staff.put([{ ...ada, pin }])).rejects.toMatchObject({ code: 'CREDENTIAL_PIN_WEAK' });
  }
  expect(await site.staff.list()).toEqual([]);
});

test('the same PIN again changes nothing; another one is remembered with the three before it', async () => {
  const salts = async (): Promise<readonly (string | undefined)[]> => {
    const person = (await site.staff.ofWard('icu'))[0];
    return [person?.pin?.salt, ...(person?.formerPins ?? []).map(({ salt }) => salt)];
  };
  await site.staff.put([ada]);
  const [first] = await salts();
  await site.staff.put([ada]);
  expect(await salts()).toEqual([first]);
  for (const pin of ['271828', '314159', '161803', '482915']) await site.staff.put([{ ...ada, pin }]);
  const all = await salts();
  expect(new Set(all).size).toBe(4);
  expect(all).not.toContain(first);
});
