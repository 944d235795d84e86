/** Names, codes and cards as the seat looks them up: offline, sealed, single-use, and slow to guess at. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Directory, Person, SignInCode } from '../../contract/directory.ts';
import { WAIT_CAP_MS } from '../../core/session/throttle.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import { testPolicy } from '../../test/support/policy.ts';
import { secretBox } from '../keys/index.ts';
import { SeatMemory } from '../state/memory.ts';
import { startOver } from './credentials.ts';
import { StaffDirectory } from './directory.ts';
import { Entrance } from './entrance.ts';
import { Outbox } from './outbox.ts';
import { PinCheck } from './pin.ts';

const badgeKey = Buffer.alloc(32, 7);
const box = secretBox(nodeCrypto, randomBytes(32));
const codeOf = (digits: string, kind: SignInCode['kind'] = 'code', validUntil = '2030-06-01T12:00:00Z'): SignInCode => ({
  kind,
  hash: createHmac('sha256', badgeKey).update(`code:${digits}`).digest('hex'),
  validUntil,
});
const person = (id: string, displayName: string, change: Partial<Person> = {}): Person => ({
  id,
  displayName,
  givenName: displayName,
  initials: 'XX',
  role: 'nurse',
  badges: [],
  pin: null,
  validFrom: null,
  validUntil: null,
  revoked: false,
  ...change,
});
const directoryOf = (persons: Person[]): Directory => ({
  schema: 'wardlock-directory/1',
  tenant: 'site',
  version: 1,
  issuedAt: '2030-01-01T00:00:00Z',
  ward: { id: 'icu', name: 'ICU' },
  seatName: 'Bay 4',
  badgeKey: badgeKey.toString('base64'),
  persons,
});

let folder = '';
let bootMs = 1_000;
let wallMs = Date.parse('2030-06-01T10:00:00Z');
const clock = { bootId: 'boot', bootMs: () => bootMs, wallMs: () => wallMs };
const staff = directoryOf([
  person('ada.reyes', 'Ada Reyes', { codes: [codeOf('48217730'), codeOf('11112222', 'card', '2030-12-01T00:00:00Z')] }),
  person('zoe.oerter', 'Zoë Örter'),
  person('b.smith', 'Bo Smith'),
  person('c.smith', 'Bo Smith'),
  person('gone', 'Adam Gone', { revoked: true }),
]);

/** The entrance as it comes up from what lies in the folder. */
function opened(suggestNames = true): { readonly entrance: Entrance; readonly memory: SeatMemory; readonly directory: StaffDirectory } {
  const memory = new SeatMemory(join(folder, 'memory'), box, clock);
  const directory = new StaffDirectory(join(folder, 'directory'), box, new PinCheck(randomBytes(32)));
  if (directory.current === null) directory.replace(staff, () => false);
  const document = testPolicy(1, { reader: '', escrow: '' }, { signIn: { rules: [], suggestNames } });
  const policy = () => ({ document, version: 1, sha256: '', expiresWallMs: 0 });
  const ports = { directory, memory, clock, policy, trustedWallMs: () => wallMs, leastDigits: () => 4 };
  return { entrance: new Entrance(ports), memory, directory };
}

const openOutbox = (): Outbox => new Outbox(join(folder, 'outbox'), box, () => 100);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-entrance-'));
  bootMs = 1_000;
  wallMs = Date.parse('2030-06-01T10:00:00Z');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a name', () => {
  test('is a user name or a full name that only one person has, without case and accents', () => {
    const { entrance } = opened();
    for (const typed of ['ada.reyes', ' ADA.Reyes ', 'ada reyes']) {
      expect(entrance.name(typed)).toMatchObject({ by: 'name', badge: null, standing: 'ok', who: { id: 'ada.reyes' } });
    }
    expect(entrance.name('zoe orter')).toMatchObject({ who: { id: 'zoe.oerter' } });
    expect(entrance.name('bo smith')).toMatchObject({ standing: 'unknown', who: null });
    expect(entrance.name('gone')).toMatchObject({ standing: 'revoked' });
    expect(entrance.name('')).toMatchObject({ standing: 'unknown', who: null });
  });

  test('is offered from two letters on, to people who may come in, and only where the policy says so', () => {
    const { entrance } = opened();
    const ids = (typed: string): string[] => entrance.names(typed).map(({ id }) => id);
    expect([ids('a'), ids('ad'), ids('smi'), ids('ÖR')]).toEqual([[], ['ada.reyes'], ['b.smith', 'c.smith'], ['zoe.oerter']]);
    expect(opened(false).entrance.names('ad')).toEqual([]);
  });
});

describe('a code', () => {
  test('is its person’s for as long as it is valid', () => {
    const { entrance } = opened();
    expect(entrance.code('48217730')).toMatchObject({ by: 'code', standing: 'ok', who: { id: 'ada.reyes' } });
    wallMs = Date.parse('2030-06-01T12:00:00Z');
    expect(entrance.code('48217730')).toMatchObject({ standing: 'expired', who: { id: 'ada.reyes' } });
    expect(entrance.takesCodes()).toBe(true);
    wallMs = Date.parse('2030-12-01T00:00:00Z');
    expect(entrance.takesCodes()).toBe(false);
  });

  test('of a card opens this seat once, also after a restart', () => {
    const { entrance, memory, directory } = opened();
    const found = entrance.code('11112222');
    expect(found).toMatchObject({ by: 'card', standing: 'ok', who: { id: 'ada.reyes' } });
    memory.useCard(found.badge ?? '', directory.cards);
    expect(entrance.code('11112222')).toMatchObject({ standing: 'used' });
    expect(opened().entrance.code('11112222')).toMatchObject({ standing: 'used' });
    memory.useCard('f'.repeat(64), []);
    expect(memory.usedCards).toEqual(['f'.repeat(64)]);
  });

  test('that is guessed at makes everybody wait, also after a restart; a right one is looked at, and by itself forgives nothing', () => {
    const { entrance, memory } = opened();
    for (let guesses = 0; guesses < 3; guesses++) expect(entrance.code('99999999').standing).toBe('unknown');
    expect(entrance.code('48217730')).toMatchObject({ standing: 'wait', waitMs: 30_000 });
    expect(opened().entrance.code('48217730')).toMatchObject({ standing: 'wait' });
    bootMs += 30_000;
    expect(entrance.code('48217730').standing).toBe('ok');
    expect(memory.codeThrottle).toMatchObject({ failures: 3 });
    expect(entrance.code('99999999').standing).toBe('unknown');
    expect(entrance.code('48217730')).toMatchObject({ standing: 'wait', waitMs: 60_000 });
  });

  const between = (entrance: Entrance, own: string): string[] =>
    ['10000000', '10000001', own, '10000002', own].map((digits) => entrance.code(digits).standing);

  test('of one’s own between the guesses does not end the wait', () => {
    for (const own of ['48217730', '11112222']) {
      const { entrance, memory } = opened();
      expect(between(entrance, own)).toEqual(['unknown', 'unknown', 'ok', 'unknown', 'wait']);
      memory.setCodeThrottle(null);
    }
  });

  test('of a card that is used up is a guess like any other', () => {
    const { entrance, memory, directory } = opened();
    memory.useCard(entrance.code('11112222').badge ?? '', directory.cards);
    expect(between(entrance, '11112222')).toEqual(['unknown', 'unknown', 'used', 'wait', 'wait']);
  });

  test('costs nothing while it is right, however often it is typed', () => {
    const { entrance, memory } = opened();
    for (let times = 0; times < 5; times++) expect(entrance.code('48217730').standing).toBe('ok');
    expect(memory.codeThrottle).toBeNull();
  });
});

test('where the seat’s memory is gone everybody waits the longest wait once, for PINs and codes, also on a disk that takes nothing', async () => {
  const pin = await pinVerifier('805917');
  opened().directory.replace(directoryOf([person('ada', 'Ada', { pin, codes: [codeOf('48217730')] })]), () => false);
  for (const isFull of [false, true]) {
    await writeFile(join(folder, 'memory'), 'damaged');
    if (isFull) await mkdir(join(folder, 'memory.new'));
    const { entrance, memory, directory } = opened();
    expect(memory.wasBroken).toBe(true);
    const warned: string[] = [];
    const log = { info: () => {}, warn: () => {}, error: (what: string) => void warned.push(what) };
    startOver({ directory, memory, outbox: openOutbox(), clock, log });
    expect(memory.throttles).toMatchObject({ ada: { pinId: directory.who('ada')?.pinId, waitUntilBootMs: bootMs + WAIT_CAP_MS } });
    expect(entrance.code('48217730')).toMatchObject({ standing: 'wait', waitMs: WAIT_CAP_MS });
    expect(warned).toHaveLength(isFull ? 1 : 0);
  }
});

test.each([false, true])(
  'where the seat’s memory is gone each card is in doubt, but one that waits to be told was used; outbox gone too: %s',
  async (isToldLost) => {
    const twoCards = [codeOf('11112222', 'card'), codeOf('33334444', 'card'), codeOf('48217730')];
    const { directory } = opened();
    directory.replace(directoryOf([person('ada', 'Ada', { codes: twoCards })]), () => false);
    const [used = '', unused = ''] = directory.cards;
    openOutbox().add({ kind: 'card', person: 'ada', card: used, at: '2030-06-01T10:00:00Z' });
    if (isToldLost) await writeFile(join(folder, 'outbox'), 'damaged');
    await writeFile(join(folder, 'memory'), 'damaged');
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    startOver({ ...opened(), outbox: openOutbox(), clock, log });
    // As a seat that starts once more: the doubt outlives that.
    const { entrance, memory } = opened();
    expect(memory).toMatchObject({ wasBroken: false, cardsInDoubt: [used, unused] });
    bootMs += WAIT_CAP_MS;
    expect(entrance.code('11112222').standing).toBe(isToldLost ? 'ok' : 'used');
    memory.setCodeThrottle(null);
    expect(entrance.code('33334444').standing).toBe('ok');
    memory.endDoubt();
    expect(opened().memory.cardsInDoubt).toEqual(isToldLost ? [used, unused] : []);
  },
);
