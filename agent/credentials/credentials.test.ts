/** What a seat keeps of its staff, and what a PIN check gives away: nothing that opens another seat. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashRaw } from '@node-rs/argon2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Directory, Person, PinVerifier } from '../../contract/directory.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { secretBox } from '../keys/index.ts';
import { StaffDirectory } from './directory.ts';
import { PinCheck } from './pin.ts';

async function verifierOf(pin: string): Promise<PinVerifier> {
  const salt = randomBytes(16);
  const output = await hashRaw(pin, { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32, salt });
  return { salt: salt.toString('base64'), memoryKiB: 19_456, passes: 2, lanes: 1, output: output.toString('base64'), digits: pin.length };
}

describe('a PIN', () => {
  test('is right on the seat that knows it and on no other', async () => {
    const verifier = await verifierOf('246810');
    const seat = new PinCheck(randomBytes(32));
    const kept = seat.keep(verifier);
    expect(await seat.isRight(kept, '246810')).toBe(true);
    expect(await seat.isRight(kept, '246811')).toBe(false);
    expect(await new PinCheck(randomBytes(32)).isRight(kept, '246810')).toBe(false);
    expect(JSON.stringify(kept)).not.toContain(verifier.output);
  });

  test('of a person without one is never right', async () => {
    expect(await new PinCheck(randomBytes(32)).isRight(null, '0000')).toBe(false);
  });
});

describe('the staff directory', () => {
  const box = secretBox(nodeCrypto, randomBytes(32));
  const pins = new PinCheck(randomBytes(32));
  const badge = (number: string): string => {
    const mac = nodeCrypto.macKey(new Uint8Array(32).fill(7));
    return Buffer.from(mac.mac(new TextEncoder().encode(number))).toString('hex');
  };
  const person = (id: string, change: Partial<Person> = {}): Person => ({
    id,
    displayName: `${id} Example`,
    givenName: id,
    initials: 'XX',
    role: 'nurse',
    badges: [badge(`04${id.toUpperCase()}`)],
    pin: null,
    validFrom: null,
    validUntil: null,
    revoked: false,
    ...change,
  });
  const directoryOf = (persons: Person[], version = 1): Directory => ({
    schema: 'wardlock-directory/1',
    tenant: 'site',
    version,
    issuedAt: '2030-01-01T00:00:00Z',
    ward: { id: 'icu', name: 'ICU' },
    seatName: 'Bay 4',
    badgeKey: Buffer.alloc(32, 7).toString('base64'),
    persons,
  });
  const now = Date.parse('2030-06-01T00:00:00Z');
  const nobody = (): boolean => false;
  let folder = '';
  let path = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wl-staff-'));
    path = join(folder, 'directory.box');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('finds a badge however it is written, across a restart, and says who may not use it now', () => {
    const staff = new StaffDirectory(path, box, pins);
    staff.replace(
      directoryOf([
        person('ada'),
        person('gone', { revoked: true }),
        person('early', { validFrom: '2030-07-01T00:00:00Z' }),
        person('late', { validUntil: '2030-06-01T00:00:00Z' }),
      ]),
      nobody,
    );
    const again = new StaffDirectory(path, box, pins);
    expect(again.find('04-ada', now)).toMatchObject({ standing: 'ok', who: { id: 'ada', pinId: null }, badge: badge('04ADA') });
    expect(again.find('04GONE', now).standing).toBe('revoked');
    expect(again.find('04EARLY', now).standing).toBe('notYet');
    expect(again.find('04LATE', now).standing).toBe('expired');
    expect(again.find('04NOBODY', now)).toMatchObject({ standing: 'unknown', who: null, badge: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('names whoever lost the right to sit here', () => {
    const staff = new StaffDirectory(path, box, pins);
    staff.replace(directoryOf([person('ada'), person('ben'), person('cay')]), nobody);
    expect(staff.replace(directoryOf([person('ada'), person('ben', { revoked: true })], 2), nobody).gone).toEqual(['ben', 'cay']);
  });

  test('names whoever has another role now, whose session still has the former one', () => {
    const staff = new StaffDirectory(path, box, pins);
    staff.replace(directoryOf([person('ada'), person('ben')]), nobody);
    expect(staff.replace(directoryOf([person('ada'), person('ben', { role: 'porter' })], 2), nobody).gone).toEqual(['ben']);
  });

  test('lies on disk sealed, without any name, and not at all in another seat’s box', async () => {
    const staff = new StaffDirectory(path, box, pins);
    staff.replace(directoryOf([person('ada', { pin: await verifierOf('246810') })]), nobody);
    expect((await readFile(path)).includes('ada')).toBe(false);
    const stranger = new StaffDirectory(path, secretBox(nodeCrypto, randomBytes(32)), pins);
    expect(stranger).toMatchObject({ wasBroken: true, current: null });
  });
});
