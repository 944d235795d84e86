/** The server's side of what seats tell: counts are summed, items are taken once, each seat hears of the others only. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PeopleFacts, SeatNews } from '../../contract/people.ts';
import { MOST_WRONG_PINS } from '../../contract/scalars.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import { sealTo } from '../../crypto/sealed-envelope.ts';
import { enrolledSeat, newsInfoOf, newsKeyOf, sealedNews, type TestSeat, tellNews } from '../../test/support/telling-seats.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { isCalled } from './logins.ts';
import { concerning } from './scopes.ts';

let folder: string;
let site: Site;
let one: TestSeat;
let two: TestSeat;
const ada = { id: 'ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'], pin: '805917' };

const newSeat = (digit: string, wardId?: string): Promise<TestSeat> => enrolledSeat(site, digit, wardId);
const sealed = (seat: TestSeat, change?: Partial<SeatNews>, signer?: TestSeat['signer']): string => sealedNews(site, seat, change, signer);
const tells = (seat: TestSeat, change?: Partial<SeatNews>): Promise<PeopleFacts> => tellNews(site, seat, change);
const newsKey = () => newsKeyOf(site);

async function salt(): Promise<string> {
  return (await site.staff.ofWard('icu')).find(({ id }) => id === 'ada')?.pin?.salt ?? '';
}
/** Until the clock shows another moment. */
async function later(): Promise<void> {
  for (const from = Date.now(); Date.now() <= from; ) await new Promise((resolve) => setTimeout(resolve, 1));
}
const alarms = async (): Promise<string[]> => (await site.store.db.selectFrom('alarms').select('kind').execute()).map(({ kind }) => kind);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-people-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.staff.put([ada]);
  one = await newSeat('1');
  two = await newSeat('2');
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

describe('counts', () => {
  test('of wrong PINs are summed for every other seat, and follow each seat’s own word', async () => {
    const pin = await salt();
    const three = await newSeat('3');
    await tells(one, { guesses: [{ person: 'ada', pin, failures: 4 }] });
    await tells(three, { guesses: [{ person: 'ada', pin, failures: 2 }] });
    expect((await tells(two)).persons).toEqual([{ person: 'ada', pin, failuresElsewhere: 6, right: null }]);
    expect((await tells(one, { guesses: [{ person: 'ada', pin, failures: 4 }] })).persons).toMatchObject([{ failuresElsewhere: 2 }]);
    await tells(three);
    await tells(one);
    expect((await tells(two)).persons).toEqual([]);
  });

  test('escape 59 locked and in session: at a hundred in sum there is an alarm; a new PIN ends them', async () => {
    const pin = await salt();
    const failed = { guesses: [{ person: 'ada', pin, failures: MOST_WRONG_PINS }] };
    for (const digit of '345678abc') await tells(await newSeat(digit), failed);
    expect(await alarms()).toEqual([]);
    await tells(two, failed);
    expect(await alarms()).toEqual(['PIN_GUESSED']);
    await site.staff.put([{ ...ada, pin: '640283' }]);
    expect((await tells(two)).persons).toEqual([]);
  });

  test('of before the last right PIN anywhere are no longer in a row: nobody hears of them, and no alarm counts them', async () => {
    const pin = await salt();
    const three = await newSeat('3');
    const failed = (failures: number) => ({ guesses: [{ person: 'ada', pin, failures }] });
    for (const digit of '45678abcd') await tells(await newSeat(digit), failed(10));
    await tells(one, failed(6));
    await later();
    await tells(two, { right: [{ person: 'ada', pin, agoMs: 0 }] });
    expect((await tells(three)).persons).toMatchObject([{ failuresElsewhere: 0, right: { seatName: 'Bay 2' } }]);
    // Told again, it is the same count still.
    await tells(one, failed(6));
    expect((await tells(three)).persons).toMatchObject([{ failuresElsewhere: 0 }]);
    await later();
    await tells(three, failed(4));
    expect(await alarms()).toEqual([]);
    // One more at the first seat, after the right one: what it counts is in a row again.
    await tells(one, failed(7));
    expect((await tells(two)).persons).toMatchObject([{ failuresElsewhere: 11 }]);
    expect(await alarms()).toEqual([]);
  });

  test('that a seat could tell only after the right PIN count until the next one', async () => {
    const pin = await salt();
    await tells(two, { right: [{ person: 'ada', pin, agoMs: 60_000 }] });
    await tells(one, { guesses: [{ person: 'ada', pin, failures: 2 }] });
    const three = await newSeat('3');
    expect((await tells(three)).persons).toMatchObject([{ failuresElsewhere: 2 }]);
    await later();
    await tells(two, { right: [{ person: 'ada', pin, agoMs: 0 }] });
    expect((await tells(three)).persons).toMatchObject([{ failuresElsewhere: 0 }]);
  });

  test('are of one PIN: that another one was right says nothing of them', async () => {
    const pin = await salt();
    await tells(one, { guesses: [{ person: 'ada', pin, failures: 2 }] });
    await later();
    await tells(two, { right: [{ person: 'ada', pin: 'b3RoZXI=', agoMs: 0 }] });
    const three = await newSeat('3');
    expect((await tells(three)).persons.find((told) => told.pin === pin)).toMatchObject({ failuresElsewhere: 2 });
  });

  test('of a ward’s people stay in that ward', async () => {
    const pin = await salt();
    await site.staff.put([{ ...ada, wards: ['icu'] }]);
    const far = await newSeat('4', 'lab');
    await tells(one, { guesses: [{ person: 'ada', pin, failures: 4 }], right: [{ person: 'ada', pin, agoMs: 1_000 }] });
    expect((await tells(far)).persons).toEqual([]);
    expect((await tells(two)).persons).toHaveLength(1);
  });
});

test('a right PIN is told to the others with its age and seat, not to the seat itself, and the newest counts', async () => {
  const pin = await salt();
  await tells(one, { right: [{ person: 'ada', pin, agoMs: 60_000 }] });
  const [told] = (await tells(two)).persons;
  expect(told).toMatchObject({ person: 'ada', pin, failuresElsewhere: 0, right: { seatName: 'Bay 1' } });
  expect(told?.right?.agoMs).toBeGreaterThanOrEqual(60_000);
  expect((await tells(one, { right: [{ person: 'ada', pin, agoMs: 61_000 }] })).persons).toEqual([]);
  await tells(two, { right: [{ person: 'ada', pin, agoMs: 600_000 }] });
  expect((await tells(two)).persons).toHaveLength(1);
  await tells(two, { right: [{ person: 'ada', pin, agoMs: 0 }] });
  expect((await tells(two)).persons).toEqual([]);
  expect((await tells(one)).persons).toMatchObject([{ right: { seatName: 'Bay 2' } }]);
});

describe('items', () => {
  test('a changed PIN is taken once, over the PIN it was changed from; a later change of that one is refused', async () => {
    const former = await salt();
    const change = async (seat: TestSeat, number: number, pin: string) => {
      const verifier = sealTo(nodeCrypto, newsKey(), Buffer.from(JSON.stringify(await pinVerifier(pin))), newsInfoOf(seat, 'ada'));
      return { kind: 'pin' as const, number, person: 'ada', former, verifier };
    };
    const first = await change(one, 7, '930281');
    expect(await tells(one, { items: [first] })).toMatchObject({ taken: 7, refused: [] });
    const now = await salt();
    expect(now).not.toBe(former);
    expect(await tells(one, { items: [first] })).toMatchObject({ taken: 7, refused: [] });
    expect(await salt()).toBe(now);
    const late = await tells(two, { items: [await change(two, 3, '640283')] });
    expect(late).toMatchObject({ taken: 3, refused: [{ number: 3, code: 'CREDENTIAL_PIN_CHANGED' }] });
    expect(await salt()).toBe(now);
    const stolen = await tells(two, { items: [{ ...(await change(one, 4, '482915')), former: now }] });
    expect(stolen).toMatchObject({ refused: [{ number: 4, code: 'CREDENTIAL_NEWS_UNREADABLE' }] });
  });

  test('a badge is enrolled for one person only, and for nobody who is revoked', async () => {
    const badge = 'a'.repeat(64);
    const enrol = (number: number, person: string) => ({ items: [{ kind: 'badge' as const, number, person, badge }] });
    await site.staff.put([
      { ...ada, id: 'ben', badges: [] },
      { ...ada, id: 'cay', badges: [], revoked: true },
    ]);
    const before = await site.directories.version();
    expect(await tells(one, enrol(1, 'ada'))).toMatchObject({ refused: [], directory: before + 1 });
    expect(await tells(one, enrol(2, 'ben'))).toMatchObject({
      refused: [{ number: 2, code: 'SERVER_BADGE_TAKEN' }],
      directory: before + 1,
    });
    expect(await tells(one, { items: [{ kind: 'badge', number: 3, person: 'cay', badge: 'b'.repeat(64) }] })).toMatchObject({
      refused: [{ number: 3, code: 'CREDENTIAL_PERSON_UNKNOWN' }],
    });
    expect(await site.log.firstFault()).toBeNull();
  });

  test('a seat gives no badge and no PIN to people of other wards, who never come to it', async () => {
    await site.staff.put([{ ...ada, id: 'eve', badges: [], wards: ['er'] }]);
    const stranger = await newSeat('9', 'icu');
    const badge = 'c'.repeat(64);
    expect(await tells(stranger, { items: [{ kind: 'badge', number: 1, person: 'eve', badge }] })).toMatchObject({
      refused: [{ number: 1, code: 'CREDENTIAL_PERSON_UNKNOWN' }],
    });
    expect((await site.staff.ofWard('er')).find(({ id }) => id === 'eve')?.badges).toEqual([]);
    const own = await newSeat('8', 'er');
    expect(await tells(own, { items: [{ kind: 'badge', number: 1, person: 'eve', badge }] })).toMatchObject({ refused: [] });
  });

  test('a card is worthless elsewhere once it was used, and two seats that took it are an alarm', async () => {
    await site.codes.cards('ada', { count: 1, days: 1 }, 'cli');
    const codes = async () => (await site.staff.ofWard('icu'))[0]?.codes ?? [];
    const card = (await codes())[0]?.hash ?? '';
    const use = (number: number) => ({ items: [{ kind: 'card' as const, number, person: 'ada', card, at: new Date().toISOString() }] });
    await tells(one, use(1));
    expect(await codes()).toEqual([]);
    await tells(one, use(2));
    expect(await alarms()).toEqual([]);
    await tells(two, use(1));
    expect(await alarms()).toEqual(['DOWNTIME_CARD_TWICE']);
  });

  test('a card that opened an offline seat after it was withdrawn is an alarm, once', async () => {
    await site.codes.cards('ada', { count: 1, days: 1 }, 'cli');
    const card = (await site.staff.ofWard('icu'))[0]?.codes?.[0]?.hash ?? '';
    await site.codes.withdraw('ada', 'cli');
    const use = (number: number) => ({ items: [{ kind: 'card' as const, number, person: 'ada', card, at: new Date().toISOString() }] });
    await tells(one, use(1));
    expect(await alarms()).toEqual(['DOWNTIME_CARD_WITHDRAWN']);
    await site.store.db.deleteFrom('alarms').execute();
    // The same use, told anew.
    await tells(one, use(2));
    expect(await alarms()).toEqual([]);
  });
});

test('news of another key, of another seat and noise are refused and change nothing', async () => {
  const pin = await salt();
  const change = { guesses: [{ person: 'ada', pin, failures: 4 }] };
  const forged = [sealed(one, change, two.signer), sealed({ ...one, workstationId: two.workstationId }, change), 'bm9pc2U=', ''];
  for (const news of forged) await expect(site.people.exchange(one, news)).rejects.toMatchObject({ code: 'CREDENTIAL_NEWS_UNREADABLE' });
  expect((await tells(two)).persons).toEqual([]);
});

describe('the mark by which idle seats know that there is something to ask', () => {
  const markOf = async (seat: TestSeat): Promise<string> => (await concerning(site.store.db, seat)).people;

  test('is another one for the ward of whose people a count or a right PIN is new, and for no other ward', async () => {
    await site.staff.put([{ ...ada, wards: ['icu'] }]);
    const far = await newSeat('4', 'lab');
    const pin = await salt();
    const [near, there] = [await markOf(two), await markOf(far)];
    await tells(one);
    expect(await markOf(two)).toBe(near);
    const seen = [near];
    for (const change of [
      { guesses: [{ person: 'ada', pin, failures: 1 }] },
      { guesses: [{ person: 'ada', pin, failures: 2 }] },
      { right: [{ person: 'ada', pin, agoMs: 0 }] },
    ]) {
      await tells(one, change);
      expect(seen).not.toContain(await markOf(two));
      seen.push(await markOf(two));
      // Told again it is nothing new.
      await tells(one, change);
      expect(await markOf(two)).toBe(seen.at(-1));
    }
    expect(await markOf(far)).toBe(there);
  });

  test('is another one for everybody where somebody works everywhere, and for the ward that somebody comes to', async () => {
    const far = await newSeat('4', 'lab');
    const before = await markOf(far);
    await tells(one, { guesses: [{ person: 'ada', pin: await salt(), failures: 1 }] });
    const counted = await markOf(far);
    expect(counted).not.toBe(before);
    await site.staff.put([{ ...ada, wards: ['icu'] }]);
    expect(await markOf(far)).toBe(counted);
    await site.staff.put([{ ...ada, wards: ['icu', 'lab'] }]);
    expect(await markOf(far)).not.toBe(counted);
  });
});

describe('one person, one seat', () => {
  const MINUTE = 60_000;
  const at = (session: string, agoMs: number, moved = false) => ({ present: { person: 'ada', session: session.repeat(32), agoMs, moved } });
  const waits = async (seat: TestSeat): Promise<boolean> => isCalled(site.store.db, seat.workstationId);

  test('a later login is told to the seat that was left, which is called at once; the new one hears nothing', async () => {
    expect(await tells(one, at('a', 10 * MINUTE))).toMatchObject({ elsewhere: null, overlapped: [] });
    let woken = 0;
    const gone = new AbortController();
    const waiting = [one, two].map((seat) => site.changes.wait(5_000, gone.signal, seat).then(() => (woken += 1)));
    // The first reading wakes everybody once.
    await Promise.all(waiting);
    woken = 0;
    const called = site.changes.wait(30_000, gone.signal, one).then(() => (woken += 1));
    const other = site.changes.wait(30_000, gone.signal, two).then(() => (woken += 1));
    expect(await tells(two, at('b', 500))).toMatchObject({ elsewhere: null, overlapped: [] });
    await called;
    expect(woken).toBe(1);
    gone.abort();
    await other;
    expect([await waits(one), await waits(two)]).toEqual([true, false]);
    expect((await tells(one, at('a', 10 * MINUTE))).elsewhere).toMatchObject({
      session: 'a'.repeat(32),
      seatName: 'Bay 2',
      overlapped: false,
    });
    expect(await waits(one)).toBe(false);
    expect(await alarms()).toEqual([]);
    // Back at the first seat: now that is the later login.
    expect((await tells(one, at('a', 0))).elsewhere).toBeNull();
    expect((await tells(two, at('b', 2 * MINUTE))).elsewhere).toMatchObject({ seatName: 'Bay 1' });
  });

  test('who came in in another ward sooner than anybody gets there is an alarm, and in the same ward or later is none', async () => {
    const far = await newSeat('3', 'er');
    await site.staff.put([{ ...ada, wards: ['icu', 'er'] }]);
    await tells(one, at('a', 40_000));
    await tells(two, at('b', 30_000));
    await tells(far, at('c', 3_000));
    expect(await alarms()).toEqual([]);
    await tells(one, at('d', 500));
    expect(await alarms()).toEqual(['PERSON_TOO_FAST']);
    const [alarm] = await site.store.db.selectFrom('alarms').select(['detail', 'workstation_id']).execute();
    expect(alarm).toMatchObject({ workstation_id: one.workstationId, detail: expect.stringMatching(/ada .*Bay 3.*Bay 1/) });
    await tells(one, at('d', 900));
    expect(await alarms()).toEqual(['PERSON_TOO_FAST']);
  });

  test('an older login that is told late gives way, and both seats are flagged once', async () => {
    await tells(two, at('b', 5 * MINUTE));
    const late = await tells(one, at('a', 9 * MINUTE));
    expect(late.elsewhere).toMatchObject({ seatName: 'Bay 2', overlapped: true });
    // The later seat may be idle: it has its part to write down, so it is called.
    expect([await waits(one), await waits(two)]).toEqual([false, true]);
    expect((await tells(two, at('b', 5 * MINUTE))).overlapped).toEqual([{ person: 'ada', session: 'b'.repeat(32), seatName: 'Bay 1' }]);
    expect((await tells(one, at('a', 9 * MINUTE, true))).elsewhere).toMatchObject({ overlapped: false });
    expect(await alarms()).toEqual(['PERSON_AT_TWO_SEATS', 'PERSON_AT_TWO_SEATS']);
  });

  test('a later login that is told late wins, and both seats are flagged', async () => {
    await tells(one, at('a', 20 * MINUTE));
    expect((await tells(two, at('b', 5 * MINUTE))).overlapped).toEqual([{ person: 'ada', session: 'b'.repeat(32), seatName: 'Bay 1' }]);
    expect((await tells(one, at('a', 20 * MINUTE))).elsewhere).toMatchObject({ seatName: 'Bay 2', overlapped: true });
    expect(await alarms()).toEqual(['PERSON_AT_TWO_SEATS', 'PERSON_AT_TWO_SEATS']);
  });

  test('a session that is over calls nobody and is flagged by nobody; other people concern nobody', async () => {
    await tells(one, at('a', 20 * MINUTE));
    await tells(one);
    expect(await tells(two, at('b', 5 * MINUTE))).toMatchObject({ elsewhere: null, overlapped: [] });
    expect(await waits(one)).toBe(false);
    await tells(one, { present: { person: 'ben', session: 'c'.repeat(32), agoMs: 0, moved: false } });
    expect(await waits(two)).toBe(false);
    expect(await alarms()).toEqual([]);
  });
});
