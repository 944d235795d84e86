/**
 * Credentials through the whole product: the command line of the server, its directory, the syncer, the agent, the socket
 * that the screens use, and back. Two seats and one server, all of them real processes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rows, until } from '../support/server-process.ts';
import { Ward, type WardSeat } from '../support/ward.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '805917' };
const ben = { id: 'ben', badge: '04D4E5F6', pin: '482915' };
const cay = { id: 'cay', badge: '04778899', pin: '739164', role: 'doctor' };
const LONG_MS = 180_000;
const ROLES = [
  { id: 'nurse', name: 'Nurse', apps: ['web'] },
  { id: 'doctor', name: 'Doctor', apps: ['web'] },
];
const SIGN_IN = {
  suggestNames: true,
  rules: [{ roles: ['nurse'], nameAndPin: true, enrolBadge: true, badgeOnly: { withinSeconds: 3_600, confirmedSeconds: 600 } }],
};

let ward: Ward;
let one: WardSeat;
let two: WardSeat;

beforeAll(async () => {
  ward = await Ward.open(2, [ada, ben, cay], { roles: ROLES, signIn: SIGN_IN });
  const [first, second] = ward.seats;
  if (first === undefined || second === undefined) throw new Error('two seats');
  one = first;
  two = second;
}, LONG_MS);
afterAll(() => ward.remove());

const message = (seat: WardSeat, key: string) => seat.screens.sees((view) => view.message?.key === key);
const alarms = (kind: string) => rows<{ detail: string }>(ward.server.state, 'select detail from alarms where kind = ?', kind);

describe('without a badge', () => {
  test('a name and a PIN open the seat for whom the policy lets in so, and for nobody else', { timeout: LONG_MS }, async () => {
    const { client } = one.screens;
    expect(one.screens.view().signIn).toEqual({ byName: true, suggests: true, byCode: false, newBadge: false });
    expect(await client.request('names', { typed: 'be' })).toEqual({ people: [{ id: 'ben', displayName: 'ben Example', initials: 'BE' }] });
    expect(await client.request('name', { name: 'Nobody' })).toEqual({ taken: false });
    await message(one, 'name.unknown');
    expect(await client.request('name', { name: 'cay' })).toEqual({ taken: false });
    await message(one, 'name.notAllowed');
    await client.request('name', { name: 'ben example' });
    await one.pin(ben.pin);
    expect(await one.opened()).toMatchObject({ session: { person: { id: 'ben' } } });
    await one.leave();
  });

  test('a temporary code stands for a forgotten badge within seconds, until it is withdrawn', { timeout: LONG_MS }, async () => {
    const { client } = one.screens;
    expect(await client.request('code', { code: '12345678' })).toEqual({ taken: false });
    await message(one, 'code.unknown');
    const { code } = await ward.cli<{ code: string }>(['staff', 'code', 'cay', '--hours', '2']);
    await one.screens.sees((view) => view.signIn.byCode);
    await client.request('code', { code });
    await one.pin(cay.pin);
    expect(await one.opened()).toMatchObject({ session: { person: { id: 'cay' } } });
    await one.leave();
    expect(await ward.cli(['staff', 'withdraw', 'cay'])).toEqual({ withdrawn: 1 });
    await one.screens.sees((view) => !view.signIn.byCode);
    expect(await client.request('code', { code })).toEqual({ taken: false });
  });

  test('a downtime card opens a seat once, offline too; the same card at two seats is found when both are back', {
    timeout: LONG_MS,
  }, async () => {
    const { cards } = await ward.cli<{ cards: { code: string }[] }>(['staff', 'cards', 'cay', '--count', '2']);
    for (const seat of [one, two]) await seat.screens.sees((view) => view.signIn.byCode);
    const code = cards[0]?.code ?? '';
    for (const seat of [one, two]) await seat.disconnect();
    for (const seat of [one, two]) {
      await seat.screens.client.request('code', { code });
      await seat.pin(cay.pin);
      await seat.opened();
      await seat.leave();
      expect(await seat.screens.client.request('code', { code })).toEqual({ taken: false });
      await message(seat, 'code.used');
    }
    await one.restart();
    expect(await one.screens.client.request('code', { code })).toEqual({ taken: false });
    await message(one, 'code.used');
    expect(alarms('DOWNTIME_CARD_TWICE')).toEqual([]);
    for (const seat of [one, two]) seat.connect();
    await until(() => alarms('DOWNTIME_CARD_TWICE').length > 0);
    expect(alarms('DOWNTIME_CARD_TWICE')[0]?.detail).toContain('cay');
    await ward.cli(['staff', 'withdraw', 'cay']);
    const used = () => rows(ward.server.state, "select * from indexed_events where type = 'card.used'").length;
    await until(() => used() === 2);
  });
});

describe('an unknown badge', () => {
  const own = (seat: WardSeat, name: string, pin: string) => seat.screens.client.request('enrolBadge', { name, pin });
  const tapUnknown = async (number: string): Promise<void> => {
    expect(await one.screens.client.request('badge', { number })).toEqual({ taken: false });
    await one.screens.sees((view) => view.message?.key === 'badge.unknown');
  };

  test('becomes somebody’s own with name and PIN once the server agrees, and works at the other seat too', {
    timeout: LONG_MS,
  }, async () => {
    expect(await own(one, 'ben', ben.pin)).toMatchObject({ outcome: 'notNow' });
    await tapUnknown('04EEEEEE');
    expect(one.screens.view().signIn.newBadge).toBe(true);
    expect(await own(one, 'ben', '000000')).toMatchObject({ outcome: 'wrong', triesLeft: 4 });
    expect(await own(one, 'cay', cay.pin)).toMatchObject({ outcome: 'notAllowed' });
    expect(await own(one, 'nobody', ben.pin)).toMatchObject({ outcome: 'unknown' });
    expect(await own(one, 'ben', ben.pin)).toMatchObject({ outcome: 'enrolled' });
    await until(async () => {
      await two.screens.client.request('badge', { number: '04EEEEEE' });
      const { phase, prompt } = two.screens.view();
      return phase === 'open' || prompt?.kind === 'pin';
    });
    if (two.screens.view().phase === 'open') await two.leave();
    else await two.cancel();
  });

  test('of somebody in another ward is refused by the server, by its name; offline nothing is promised', { timeout: LONG_MS }, async () => {
    const stranger = ['staff', 'add', 'dia', '--name', 'Dia Far', '--role', 'nurse', '--badge', '04DDDDDD', '--ward', 'lab'];
    await ward.cli(stranger);
    await tapUnknown('04DDDDDD');
    expect(await own(one, 'ben', ben.pin)).toMatchObject({ outcome: 'taken' });
    const refusals = () => rows<{ body: string }>(ward.server.state, "select body from indexed_events where type = 'badge.enrolled'");
    await until(() => refusals().some(({ body }) => body.includes('SERVER_BADGE_TAKEN')));
    await one.disconnect();
    await tapUnknown('04CCCCCC');
    expect(one.screens.view().signIn.newBadge).toBe(false);
    expect(await own(one, 'ben', ben.pin)).toMatchObject({ outcome: 'offline' });
    one.connect();
    await one.screens.sees((view) => view.truth.connection.state === 'online');
  });
});

describe('a PIN', () => {
  test('that was right at one seat makes the badge enough at the other, once the server has told', { timeout: LONG_MS }, async () => {
    await one.screens.client.request('badge', { number: ada.badge });
    await one.pin(ada.pin);
    await one.opened();
    await one.leave();
    // Each try before the news asks for the PIN: nothing opens on a guess.
    await until(async () => {
      await two.screens.client.request('badge', { number: ada.badge });
      const view = await two.screens.sees(({ phase, prompt }) => phase === 'open' || prompt?.kind === 'pin');
      if (view.phase === 'open') return true;
      await two.cancel();
      await new Promise((later) => setTimeout(later, 1_000));
      return false;
    });
    await two.leave();
    const started = rows<{ body: string }>;
    const badgeOnly = () =>
      started(ward.server.state, "select body from indexed_events where type = 'session.started' and person_id = 'ada' order by at").at(-1);
    await until(() => JSON.parse(badgeOnly()?.body ?? '{}').factors?.join() === 'badge');
  });

  test('is changed at a seat: weak and former ones are refused, the new one works there at once and soon everywhere', {
    timeout: LONG_MS,
  }, async () => {
    const { client } = one.screens;
    const change = (old: string, next: string) => client.request('changePin', { old, next });
    expect(await change(ben.pin, '930281')).toMatchObject({ outcome: 'notNow' });
    await client.request('badge', { number: ben.badge });
    await one.pin(ben.pin);
    expect((await one.opened()).session?.pinRule).toEqual({ minDigits: 6, maxDigits: 12 });
    expect(await change('000000', '930281')).toMatchObject({ outcome: 'wrong', triesLeft: 4 });
    expect(await change(ben.pin, '1234')).toMatchObject({ outcome: 'short' });
    expect(await change(ben.pin, '123456')).toMatchObject({ outcome: 'sequence' });
    expect(await change(ben.pin, ben.pin)).toMatchObject({ outcome: 'used' });
    expect(await change(ben.pin, '930281')).toMatchObject({ outcome: 'changed' });
    await one.leave();
    const tries = async (seat: WardSeat, pin: string): Promise<boolean> => {
      await seat.screens.client.request('name', { name: 'ben' });
      await seat.pin(pin);
      const view = await seat.screens.sees(({ phase, message: said }) => phase === 'open' || said?.key === 'pin.wrong');
      if (view.phase === 'open') await seat.leave();
      else await seat.cancel();
      return view.phase === 'open';
    };
    expect(await tries(one, ben.pin)).toBe(false);
    expect(await tries(one, '930281')).toBe(true);
    const salt = () => rows<{ n: number }>(ward.server.state, "select count(*) as n from former_pins where person_id = 'ben'")[0]?.n;
    await until(() => salt() === 1);
    const versions = () => rows<{ version: number }>(ward.server.state, "select version from seat_reports where kind = 'directory'");
    const newest = rows<{ generation: number }>(ward.server.state, "select generation from generations where topic = 'directory'");
    await until(() => versions().every(({ version }) => version >= (newest[0]?.generation ?? 0)));
    expect(await tries(two, '930281')).toBe(true);
    expect(await tries(two, ben.pin)).toBe(false);
    await two.restart();
    expect(await tries(one, '930281')).toBe(true);
  });

  test('escape 59 locked: that is guessed at over many seats is blocked at all of them; only a new one helps', {
    timeout: LONG_MS,
  }, async () => {
    await one.screens.client.request('badge', { number: cay.badge });
    for (const triesLeft of [4, 3]) {
      await one.pin('000000');
      await one.screens.sees((view) => view.prompt?.kind === 'pin' && view.prompt.triesLeft === triesLeft);
    }
    await one.cancel();
    const guesses = () =>
      rows<{ failures: number; pin_salt: string }>(ward.server.state, "select * from seat_guesses where person_id = 'cay'");
    await until(() => guesses()[0]?.failures === 2);
    const blocked = async (): Promise<boolean> => {
      await two.screens.client.request('badge', { number: cay.badge });
      const view = await two.screens.sees(({ prompt }) => prompt?.kind === 'pin');
      await two.cancel();
      return view.message?.key === 'pin.blocked';
    };
    expect(await blocked()).toBe(false);
    // Ninety-eight more, as ten seats that were never built here would have told.
    ward.told({ person: 'cay', pin: guesses()[0]?.pin_salt ?? '', failures: 98 });
    await until(async () => {
      await new Promise((later) => setTimeout(later, 1_000));
      return blocked();
    });
    await two.disconnect();
    await two.restart();
    expect(await blocked()).toBe(true);
    two.connect();
    await ward.staff([{ ...cay, pin: '640283' }]);
    await until(async () => {
      await new Promise((later) => setTimeout(later, 500));
      return !(await blocked());
    });
    await two.screens.client.request('badge', { number: cay.badge });
    await two.pin('640283');
    await two.opened();
    await two.leave();
  });
});

describe('at the seat', () => {
  test.each(['locked', 'in session'] as const)(
    'escape 61 %s: two people who tap within 50 ms get exactly one session, and both taps are in the record',
    {
      timeout: LONG_MS,
    },
    async (phase) => {
      const { client } = one.screens;
      if (phase === 'in session') {
        await client.request('badge', { number: ada.badge });
        const asked = await one.screens.sees((view) => view.phase === 'open' || view.prompt?.kind === 'pin');
        if (asked.phase !== 'open') await one.pin(ada.pin);
        await one.opened();
      }
      await new Promise((later) => setTimeout(later, 2_000));
      const sum = (type: string) =>
        rows<{ n: number }>(
          ward.server.state,
          `select count(*) as n from indexed_events where type = '${type}' and body like '%tap.collision%'`,
        )[0]?.n ?? 0;
      const before = sum('auth.refused');
      const taps = [client.request('badge', { number: cay.badge }), client.request('badge', { number: ben.badge })];
      expect(await Promise.all(taps)).toEqual([{ taken: true }, { taken: false }]);
      await one.screens.sees((view) => view.prompt?.kind === 'pin' && view.session === null);
      await one.pin('640283');
      expect(await one.screens.sees((view) => view.phase === 'open')).toMatchObject({ session: { person: { id: 'cay' } } });
      await until(() => sum('auth.refused') === before + 1);
      await one.leave();
    },
  );

  test('bad input: a PIN with letters never gets as far as a try, and the seat stays locked', { timeout: LONG_MS }, async () => {
    const { client } = one.screens;
    await client.request('name', { name: 'ben' });
    const asked = await one.screens.sees((view) => view.prompt?.kind === 'pin');
    for (const pin of ['12ab56', '', '1234567890123', '１２３４５６']) {
      await expect(client.request('pin', { pin })).rejects.toMatchObject({ code: 'IPC_MESSAGE_MALFORMED' });
    }
    await expect(client.request('code', { code: '1234 567' })).rejects.toMatchObject({ code: 'IPC_MESSAGE_MALFORMED' });
    await expect(client.request('name', { name: 'x'.repeat(81) })).rejects.toMatchObject({ code: 'IPC_MESSAGE_MALFORMED' });
    const now = one.screens.view();
    expect(now).toMatchObject({ phase: 'authenticating', session: null });
    expect(now.prompt).toMatchObject({ triesLeft: asked.prompt?.kind === 'pin' ? asked.prompt.triesLeft : -1 });
    await one.cancel();
  });

  test('two people where the policy wants two: the seat asks for the second, and the record names both', { timeout: LONG_MS }, async () => {
    const rules = [{ roles: ['doctor'], secondPerson: { roles: ['nurse'] } }, ...SIGN_IN.rules];
    await ward.publish({ roles: ROLES, signIn: { ...SIGN_IN, rules } });
    await one.screens.sees((view) => view.truth.policy.version === 2);
    await one.screens.client.request('badge', { number: cay.badge });
    await one.pin('640283');
    const asked = await one.screens.sees((view) => view.prompt?.kind === 'second');
    expect(asked).toMatchObject({ session: null, prompt: { person: { displayName: 'cay Example' }, roles: ['Nurse'] } });
    await new Promise((later) => setTimeout(later, 500));
    await one.screens.client.request('badge', { number: cay.badge });
    await message(one, 'second.notAllowed');
    await one.screens.client.request('badge', { number: ben.badge });
    expect((await one.screens.sees((view) => view.prompt?.kind === 'pin')).prompt).toMatchObject({ purpose: 'confirm' });
    await one.pin('930281');
    expect(await one.opened()).toMatchObject({ session: { person: { id: 'cay' } } });
    const confirmed = () =>
      rows<{ body: string }>(
        ward.server.state,
        "select body from indexed_events where type = 'session.started' and person_id = 'cay'",
      ).some(({ body }) => JSON.parse(body).confirmedBy === 'ben');
    await until(confirmed);
    await one.leave();
  });
});

test('escape 58 in session: a person who is revoked is out at the connected seat where they work, and comes in there no more', {
  timeout: LONG_MS,
}, async () => {
  await one.screens.client.request('badge', { number: ada.badge });
  const first = await one.screens.sees(({ phase, prompt }) => phase === 'open' || prompt?.kind === 'pin');
  if (first.phase !== 'open') await one.pin(ada.pin);
  await one.opened();
  await two.disconnect();
  await ward.cli(['staff', 'add', 'ada', '--name', 'ada Example', '--role', 'nurse', '--badge', ada.badge, '--revoked']);
  await one.screens.sees((view) => view.phase === 'locked' && view.message?.key === 'badge.revoked');
  expect(await one.screens.client.request('badge', { number: ada.badge })).toEqual({ taken: false });
  expect(one.screens.view()).toMatchObject({ phase: 'locked', session: null });
});

test('escape 58 locked: a seat that could not hear of it takes the badge as before and shows how old its list is', {
  timeout: LONG_MS,
}, async () => {
  expect(two.screens.view().truth.staff.state).toBe('fresh');
  expect(Date.parse(two.screens.view().truth.staff.asOf ?? '')).toBeLessThanOrEqual(Date.now());
  await two.screens.client.request('badge', { number: ada.badge });
  await two.screens.sees(({ phase, prompt }) => phase === 'open' || prompt?.kind === 'pin');
});
