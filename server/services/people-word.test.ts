/** How far a seat that was taken over is believed: of its own people, and of them no more than a seat can know. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PeopleFacts, SeatNews } from '../../contract/people.ts';
import { MOST_WRONG_PINS } from '../../contract/scalars.ts';
import { mayGuess } from '../../core/session/throttle.ts';
import { enrolledSeat, type TestSeat, tellNews } from '../../test/support/telling-seats.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { isCalled } from './logins.ts';
import { concerning } from './scopes.ts';

let folder: string;
let site: Site;
let one: TestSeat;
let two: TestSeat;
/** The salt of Ada's PIN. */
let pin: string;
const ada = { id: 'ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'], pin: '805917', wards: ['icu'] };

const tells = (seat: TestSeat, change?: Partial<SeatNews>): Promise<PeopleFacts> => tellNews(site, seat, change);
const alarms = async (): Promise<string[]> => (await site.store.db.selectFrom('alarms').select('kind').execute()).map(({ kind }) => kind);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-word-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.staff.put([ada]);
  one = await enrolledSeat(site, '1');
  two = await enrolledSeat(site, '2');
  pin = (await site.staff.ofWard('icu'))[0]?.pin?.salt ?? '';
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a seat that was taken over', () => {
  const limits = { maxFailures: MOST_WRONG_PINS, firstWaitMs: 30_000 };
  const rowsOf = async (table: 'seat_guesses' | 'right_pins' | 'person_logins') =>
    (await site.store.db.selectFrom(table).select('person_id').execute()).map(({ person_id }) => person_id);

  test('alone blocks nobody’s PIN elsewhere: more wrong PINs than a seat can count are no news', async () => {
    for (const failures of [MOST_WRONG_PINS + 1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      await expect(tells(one, { guesses: [{ person: 'ada', pin, failures }] })).rejects.toMatchObject({
        code: 'CREDENTIAL_NEWS_UNREADABLE',
      });
    }
    await tells(one, { guesses: [{ person: 'ada', pin, failures: MOST_WRONG_PINS }] });
    const elsewhere = (await tells(two)).persons[0]?.failuresElsewhere ?? 0;
    expect(elsewhere).toBe(MOST_WRONG_PINS);
    expect(mayGuess(undefined, pin, { ...limits, elsewhere }, 0)).toMatchObject({ may: true });
    expect(await alarms()).toEqual([]);
  });

  test('has no more weight by what was taken before counts were bounded', async () => {
    await tells(one, { guesses: [{ person: 'ada', pin, failures: 1 }] });
    await site.store.db.updateTable('seat_guesses').set({ failures: 1_000 }).execute();
    await tells(two, { guesses: [{ person: 'ada', pin, failures: 1 }] });
    expect((await tells(two, { guesses: [{ person: 'ada', pin, failures: 1 }] })).persons).toMatchObject([
      { failuresElsewhere: MOST_WRONG_PINS },
    ]);
    expect(await alarms()).toEqual([]);
  });

  test('says nothing of people of other wards, of nobody there is, and of a PIN that is not the one in force', async () => {
    await tells(one, {
      guesses: [{ person: 'ada', pin, failures: 3 }],
      present: { person: 'ada', session: 'a'.repeat(32), agoMs: 60_000, moved: false },
    });
    const far = await enrolledSeat(site, '4', 'lab');
    const before = (await concerning(site.store.db, one)).people;
    const about = (person: string, of: string): Partial<SeatNews> => ({
      guesses: [{ person, pin: of, failures: 2 }],
      right: [{ person, pin: of, agoMs: 0 }],
      present: { person, session: 'f'.repeat(32), agoMs: 0, moved: false },
    });
    await tells(far, about('ada', pin));
    await tells(far, about('nobody', pin));
    const { present: _present, ...ofAnotherPin } = about('ada', 'b3RoZXI=');
    await tells(two, ofAnotherPin);
    expect(await rowsOf('seat_guesses')).toEqual(['ada']);
    expect(await rowsOf('right_pins')).toEqual([]);
    expect(await rowsOf('person_logins')).toEqual(['ada']);
    expect((await tells(two)).persons).toMatchObject([{ failuresElsewhere: 3, right: null }]);
    expect(await isCalled(site.store.db, one.workstationId)).toBe(false);
    // Nobody was made to ask for it either.
    expect((await concerning(site.store.db, one)).people).toBe(before);
  });
});
