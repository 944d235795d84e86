/** What a seat believes of an answer: only the one to its own last question, signed by its site and sealed to it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Directory } from '../../contract/directory.ts';
import type { AuditEvent } from '../../contract/events.ts';
import { NEWS_INFO, NEWS_TYPE, type PeopleFacts, sealInfo } from '../../contract/people.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { person } from '../../core/session/world.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import { unwrap } from '../../crypto/sealed-envelope.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { SeatMemory } from '../state/memory.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox } from './outbox.ts';
import { PeopleLink } from './people-link.ts';
import { PinCheck } from './pin.ts';
import { StaffAge } from './staff-age.ts';
import { answer, enrolled, log, read, sealingSeed, staff, verifier, workstationId } from './test-site.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const pins = new PinCheck(randomBytes(32));
const identity = enrolled as unknown as SeatIdentity;

let folder = '';
let bootMs = 1_000_000;
let wallMs = Date.parse('2030-06-01T10:00:00Z');
const clock = { bootId: 'boot', bootMs: () => bootMs, wallMs: () => wallMs };
let noted: AuditEvent[] = [];
let told = 0;
let held: OpenSession | null = null;
let taken: unknown[] = [];
let judged: unknown[] = [];
let isDiskFull = false;

interface Opened {
  readonly link: PeopleLink;
  readonly outbox: Outbox;
  readonly memory: SeatMemory;
  readonly directory: StaffDirectory;
  readonly age: StaffAge;
}

/** The link as it comes up from what lies in the folder. */
function opened(): Opened {
  const memory = new SeatMemory(join(folder, 'memory'), box, clock);
  const directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  if (directory.current === null) directory.replace(staff(), () => false);
  const outbox = new Outbox(join(folder, 'outbox'), box, () => 100);
  const age = new StaffAge({ clock, memory, trustedWallMs: () => wallMs, issuedAt: () => directory.current?.issuedAt ?? null });
  const recorder = { note: (event: AuditEvent) => noted.push(event) } as unknown as Recorder;
  const link = new PeopleLink({
    identity,
    directory,
    memory,
    outbox,
    age,
    clock,
    recorder,
    sealingSeed,
    tell: () => {
      told += 1;
    },
    heldSession: () => held,
    takenElsewhere: (event) => taken.push(event),
    onJudged: (item, refusal) => {
      if (isDiskFull) throw new Error('no space left on device');
      judged.push([item.kind, refusal, outbox.find(item.number) !== undefined]);
    },
    longestSilence: () => 300_000,
  });
  return { link, outbox, memory, directory, age };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-people-'));
  bootMs = 1_000_000;
  wallMs = Date.parse('2030-06-01T10:00:00Z');
  noted = [];
  judged = [];
  isDiskFull = false;
  told = 0;
  held = null;
  taken = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('an answer', () => {
  test('is of the moment of its question, never later', () => {
    const { link } = opened();
    const { nonce } = read(link.news());
    bootMs += 20_000;
    expect(link.take(answer(nonce))).toEqual({ taken: true, more: false });
    expect(link.facts['ada']).toMatchObject({ failuresElsewhere: 2, rightBootMs: 940_000, askedBootMs: 1_000_000 });
    expect(noted).toEqual([]);
  });

  test.each([
    ['by another signer', (nonce: string) => answer(nonce, {}, nodeCrypto.signer(randomBytes(32)))],
    ['for another seat', (nonce: string) => answer(nonce, { workstationId: 'b'.repeat(32) })],
    ['of another site', (nonce: string) => answer(nonce, { tenant: 'other' })],
    ['to another question', () => answer('0'.repeat(32))],
    ['that is none', () => Buffer.from('{}').toString('base64')],
    ['that is noise', () => '%%%'],
  ])('%s changes nothing and is an incident', (_what, forged) => {
    const { link } = opened();
    const { nonce } = read(link.news());
    expect(link.take(forged(nonce))).toEqual({ taken: false, more: false });
    expect(link.facts).toEqual({});
    expect(noted).toEqual([{ type: 'sync.incident', body: { code: 'CREDENTIAL_FACTS_REFUSED' } }]);
    // The true one still fits.
    expect(link.take(answer(nonce)).taken).toBe(true);
  });

  test('ends the doubt about downtime cards only where the staff here is the newest', () => {
    const { link, memory } = opened();
    const cards = ['c'.repeat(64)];
    const codeThrottle = { pinId: 'codes', failures: 0, waitMs: 0, waitUntilBootMs: 0, bootId: 'boot' };
    memory.startOver({ throttles: {}, codeThrottle, usedCards: [], doubt: { cards, untilReplaced: false } });
    link.take(answer(read(link.news()).nonce, { directory: 8 }));
    expect(memory.cardsInDoubt).toEqual(cards);
    link.take(answer(read(link.news()).nonce));
    expect(memory.cardsInDoubt).toEqual([]);
  });

  test('fits once, and not at all once a newer question was asked', () => {
    const { link } = opened();
    const first = answer(read(link.news()).nonce);
    expect(link.take(first).taken).toBe(true);
    expect(link.take(first).taken).toBe(false);
    const old = answer(read(link.news()).nonce, { persons: [] });
    link.news();
    expect(link.take(old).taken).toBe(false);
    expect(link.facts['ada']).toBeDefined();
  });

  test('about a PIN that is no longer in force says nothing', () => {
    const { link } = opened();
    link.take(answer(read(link.news()).nonce, { persons: [{ person: 'ada', pin: 'b2xk', failuresElsewhere: 99, right: null }] }));
    expect(link.facts).toEqual({});
  });
});

test('escape 59 locked: wrong PINs elsewhere are known after a restart; a right one elsewhere is not', () => {
  const { link } = opened();
  link.take(answer(read(link.news()).nonce));
  expect(opened().link.facts['ada']).toMatchObject({ failuresElsewhere: 2, rightBootMs: null });
});

test('news: wrong PINs of now, right ones by their age, what waits in the outbox until it is judged', () => {
  const { link, outbox, memory, directory } = opened();
  const pinId = directory.who('ada')?.pinId ?? '';
  memory.setThrottle('ada', { pinId, failures: 3, waitMs: 0, waitUntilBootMs: 0, bootId: 'boot' });
  link.tried('ada', true);
  expect(told).toBe(1);
  bootMs += 5_000;
  const number = outbox.add({ kind: 'badge', person: 'ada', badge: 'c'.repeat(64) });
  link.connected();
  expect(told).toBe(2);
  const news = read(link.news());
  expect(news).toMatchObject({
    guesses: [{ person: 'ada', pin: verifier.salt, failures: 3 }],
    right: [{ person: 'ada', agoMs: 5_000 }],
    items: [{ kind: 'badge', number }],
  });
  expect(read(opened().link.news()).items).toHaveLength(1);
  link.take(answer(news.nonce, { taken: number, refused: [{ number, code: 'SERVER_BADGE_TAKEN' }] }));
  expect(judged).toEqual([['badge', 'SERVER_BADGE_TAKEN', true]]);
  expect(read(link.news()).items).toEqual([]);
  expect(opened().outbox.size).toBe(0);
});

test('what was judged is told again until this seat has done what follows from it: first that, then the item goes', () => {
  const { link, outbox } = opened();
  const number = outbox.add({ kind: 'badge', person: 'ada', badge: 'c'.repeat(64) });
  const refused = [{ number, code: 'SERVER_BADGE_TAKEN' }];
  isDiskFull = true;
  const asked = read(link.news(false)).nonce;
  expect(() => link.take(answer(asked, { taken: number, refused }))).toThrow('no space left on device');
  isDiskFull = false;
  // Neither a restart nor an idle seat keeps it from being asked again.
  expect(opened().outbox.size).toBe(1);
  const again = read(link.news(false));
  expect(again.items).toMatchObject([{ number }]);
  link.take(answer(again.nonce, { taken: number, refused }));
  expect(judged).toEqual([['badge', 'SERVER_BADGE_TAKEN', true]]);
  expect(opened().outbox.size).toBe(0);
});

test('what is sealed for the server can be read neither by the syncer nor by another site', () => {
  const { link } = opened();
  link.tried('ada', true);
  const news = link.news() ?? '';
  expect(Buffer.from(news, 'base64').toString('latin1')).not.toContain('ada');
  const ends = { privateKey: randomBytes(32), signedBy: log.publicKey };
  expect(unwrap(nodeCrypto, news, ends, { type: NEWS_TYPE, info: sealInfo(NEWS_INFO, 'site', workstationId) })).toBeUndefined();
});

test('where a person’s PIN was right last is known by the seat’s name, and is nowhere else when it was here', () => {
  const { link } = opened();
  expect(link.lastElsewhere('ada')).toBeNull();
  link.take(answer(read(link.news()).nonce));
  bootMs += 5_000;
  wallMs += 5_000;
  expect(link.lastElsewhere('ada')).toEqual({ at: '2030-06-01T09:59:00.000Z', seatName: 'Bay 1' });
  const persons: PeopleFacts['persons'] = [
    { person: 'ada', pin: verifier.salt, failuresElsewhere: 0, right: { agoMs: 1_000, seatName: 'Bay 4' } },
  ];
  link.take(answer(read(link.news()).nonce, { persons }));
  expect(link.lastElsewhere('ada')).toBeNull();
});

describe('escape 58 locked and in session: the age of the staff', () => {
  const policy = (tooOld: 'pin' | 'breakglass') => ({ signIn: { rules: [], staffAge: { maxSeconds: 3_600, tooOld } } }) as never;

  test('is bounded where the policy says nothing: after seven days the PIN is asked for, and nobody is shut out', () => {
    const { age } = opened();
    wallMs = Date.parse('2030-06-08T08:00:00Z');
    expect(age.stateUnder(undefined)).toBe('fresh');
    wallMs += 1;
    expect(age.stateUnder(undefined)).toBe('old');
  });

  test('counts from the server’s word that the list is the newest', () => {
    const { link, age } = opened();
    expect(age.ageMs).toBe(2 * 3_600_000);
    expect([age.stateUnder(policy('pin')), age.stateUnder(policy('breakglass')), age.stateUnder(undefined)]).toEqual([
      'old',
      'tooOld',
      'fresh',
    ]);
    link.take(answer(read(link.news()).nonce));
    expect(age.stateUnder(policy('pin'))).toBe('fresh');
    expect(age.asOf).toBe('2030-06-01T10:00:05.000Z');
  });

  test('does not, where the server has a newer list', () => {
    const { link, age } = opened();
    link.take(answer(read(link.news()).nonce, { directory: 8 }));
    expect(age.stateUnder(policy('pin'))).toBe('old');
  });

  test('escape 53 locked: is never younger than the time that the seat ran, whatever the clock says', () => {
    const { link, age } = opened();
    link.take(answer(read(link.news()).nonce));
    wallMs = Date.parse('1970-01-01T00:00:00Z');
    bootMs += 3_000_000;
    age.tick();
    bootMs += 900_000;
    expect(age.stateUnder(policy('pin'))).toBe('old');
    const again = opened();
    expect(again.age.ageMs).toBeGreaterThanOrEqual(3_000_000);
  });

  test('escape 53 locked: the server’s time goes on by the boot clock, so that a clock set back revives nobody', () => {
    const { link } = opened();
    expect(link.serverWallMs).toBe(0);
    link.take(answer(read(link.news()).nonce));
    wallMs = Date.parse('1970-01-01T00:00:00Z');
    bootMs += 3_600_000;
    expect(new Date(link.serverWallMs).toISOString()).toBe('2030-06-01T11:00:05.000Z');
  });
});

test('a changed PIN is on its way until it is judged, and lists of before the answer may lack it still', () => {
  const { link, outbox } = opened();
  expect(link.isOnItsWay('ada', 7)).toBe(false);
  const verifier = { enc: `${'A'.repeat(43)}=`, ciphertext: 'AAAA' };
  const number = outbox.add({ kind: 'pin', person: 'ada', former: 'b2xk', verifier });
  expect([link.isOnItsWay('ada', 9), link.isOnItsWay('ben', 9)]).toEqual([true, false]);
  link.take(answer(read(link.news()).nonce, { taken: number, directory: 8 }));
  expect([link.isOnItsWay('ada', 7), link.isOnItsWay('ada', 8)]).toEqual([true, false]);
});

test('a PIN that was changed here stays through older directories, and gives way to one that was set meanwhile', async () => {
  const { directory } = opened();
  const mine = await pinVerifier('930281');
  const desk = await pinVerifier('482915');
  const withPin = (version: number, pin: typeof mine): Directory => ({
    ...staff(),
    version,
    persons: staff().persons.map((person) => ({ ...person, pin })),
  });
  directory.changePin('ada', pins.keep(mine));
  directory.replace(withPin(8, verifier), () => true);
  expect(directory.pinOf('ada')?.salt).toBe(mine.salt);
  directory.undoPinChange('ada');
  expect(directory.pinOf('ada')?.salt).toBe(verifier.salt);
  directory.changePin('ada', pins.keep(mine));
  directory.replace(withPin(9, mine), () => true);
  directory.undoPinChange('ada');
  expect(directory.pinOf('ada')?.salt).toBe(mine.salt);
  directory.changePin('ada', pins.keep(verifier));
  directory.replace(withPin(10, desk), () => true);
  expect(directory.pinOf('ada')?.salt).toBe(desk.salt);
});

describe('one person, one seat', () => {
  const session: OpenSession = {
    id: 'b'.repeat(32),
    kind: 'person',
    who: person('ada'),
    factors: ['badge', 'pin'],
    policyVersion: 1,
    startedWallMs: 0,
    startedBootMs: 0,
    loginBootMs: 400_000,
    maxAgeBootMs: 9_000_000,
    limitBootMs: null,
    keptUntilBootMs: null,
    procedure: null,
    elsewhere: null,
  };
  const elsewhere = { session: session.id, seatName: 'Bay 7', agoMs: 5_000, overlapped: false };

  test('the session that is held is told with the age of its login; nobody’s and an emergency access are not', () => {
    const { link } = opened();
    expect(read(link.news()).present).toBeNull();
    held = session;
    expect(read(link.news()).present).toEqual({ person: 'ada', session: session.id, agoMs: 600_000, moved: false });
    held = { ...session, elsewhere: { seatName: 'Bay 7', sinceBootMs: 1 } };
    expect(read(link.news()).present).toMatchObject({ moved: true });
    held = { ...session, kind: 'breakglass' };
    expect(read(link.news()).present).toBeNull();
  });

  test('a later login elsewhere reaches the machines by this seat’s clock, and is nobody else’s', () => {
    const { link } = opened();
    held = session;
    const { nonce } = read(link.news());
    bootMs += 3_000;
    link.take(answer(nonce, { elsewhere }));
    expect(taken).toEqual([{ type: 'TakenElsewhere', session: session.id, seatName: 'Bay 7', sinceBootMs: 1_000_000 - 5_000 }]);
    held = { ...session, id: 'c'.repeat(32) };
    link.take(answer(read(link.news()).nonce, { elsewhere }));
    expect(taken).toHaveLength(1);
  });

  test('two sessions at once are in the record of each seat, once', () => {
    const { link } = opened();
    held = session;
    for (let time = 0; time < 2; time += 1) {
      link.take(answer(read(link.news()).nonce, { elsewhere: { ...elsewhere, overlapped: true } }));
      link.take(answer(read(link.news()).nonce, { overlapped: [{ person: 'ada', session: 'd'.repeat(32), seatName: 'Bay 1' }] }));
    }
    expect(noted).toEqual([
      { type: 'session.overlapped', body: { session: session.id, person: 'ada', seat: 'Bay 7', later: false } },
      { type: 'session.overlapped', body: { session: 'd'.repeat(32), person: 'ada', seat: 'Bay 1', later: true } },
    ]);
  });

  test('with nothing new and a young answer an idle seat tells nothing; a session that is new, come back to or over, and minutes without an answer make it ask', () => {
    const { link } = opened();
    const answered = (): void => void link.take(answer(read(link.news(false)).nonce));
    answered();
    expect(link.news(false)).toBeNull();
    link.take(answer(read(link.news(true)).nonce));
    held = session;
    answered();
    expect(link.news(false)).toBeNull();
    held = { ...session, loginBootMs: session.loginBootMs + 1 };
    answered();
    held = null;
    answered();
    expect(link.news(false)).toBeNull();
    bootMs += 300_000;
    answered();
    expect(link.news(false)).toBeNull();
  });
});
