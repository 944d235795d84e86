import { afterEach, beforeEach, expect, test } from 'vitest';
import { isWardlockError } from '../../core/errors/index.ts';
import { testStore } from '../../test/support/test-store.ts';
import { secretBox } from '../site/secret-box.ts';
import type { Store } from '../store/store.ts';
import { type Accounts, openAccounts } from './accounts.ts';
import { openServerLog } from './server-log.ts';
import { STRANGERS_WINDOW_MS } from './strangers.ts';

const PASSWORD = 'correct horse battery';
let store: Store;
let accounts: Accounts;
let time = 1_000_000;

beforeEach(async () => {
  time = 1_000_000;
  store = await testStore();
  const now = (): number => time;
  accounts = openAccounts({ db: store.db, log: openServerLog(store.db, now), box: secretBox(Buffer.alloc(32)), now });
  await accounts.put('ines', PASSWORD);
});
afterEach(() => store.close());

async function answerTo(name: string, password: string): Promise<string> {
  try {
    await accounts.signIn(name, password);
    return 'signed in';
  } catch (error) {
    if (!isWardlockError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test('a name that the sign-in does not take makes no account', async () => {
  for (const name of ['prüfer', 'Frau Groß', '']) await expect(accounts.put(name, PASSWORD)).rejects.toMatchObject({ code: 'START_USAGE' });
  expect((await accounts.list()).map(({ name }) => name)).toEqual(['ines']);
});

test('an account that is removed opens nothing, neither by its password nor by a session that was open', async () => {
  await accounts.put('iris', PASSWORD);
  const { secret } = await accounts.signIn('ines', PASSWORD);
  await accounts.remove('ines');
  expect((await accounts.list()).map(({ name }) => name)).toEqual(['iris']);
  await expect(accounts.session(secret)).rejects.toMatchObject({ code: 'SERVER_SIGN_IN_NEEDED' });
  expect(await answerTo('ines', PASSWORD)).toMatch(/^SERVER_SIGN_IN_WRONG/);
  await expect(accounts.remove('ines')).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
  // Whoever gets the name next does not get what was open under it.
  await accounts.put('ines', 'another horse battery');
  await expect(accounts.session(secret)).rejects.toMatchObject({ code: 'SERVER_SIGN_IN_NEEDED' });
  const events = await store.db.selectFrom('server_events').select('type').where('type', '=', 'account.removed').execute();
  expect(events).toHaveLength(1);
});

test('wrong passwords in parallel count one by one, and past the limit none is looked at', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => answerTo('ines', 'wrong')));
  expect(answers.filter((answer) => answer.startsWith('SERVER_SIGN_IN_WRONG'))).toHaveLength(5);
  expect(answers.filter((answer) => answer.startsWith('SERVER_TOO_MANY'))).toHaveLength(5);
  expect(await store.db.selectFrom('accounts').select(['failures', 'locked_until']).execute()).toEqual([
    { failures: 5, locked_until: time + 30_000 },
  ]);
  expect(await answerTo('ines', PASSWORD)).toMatch(/^SERVER_TOO_MANY/);
  time += 30_000;
  expect(await answerTo('ines', PASSWORD)).toBe('signed in');
  expect(await store.db.selectFrom('accounts').select(['failures', 'locked_until']).execute()).toEqual([{ failures: 0, locked_until: 0 }]);
});

test('a name without an account gives the same answers and the same waits as one with', async () => {
  const series = async (name: string): Promise<string[]> => {
    time = 1_000_000;
    const answers: string[] = [];
    for (const wait of [0, 0, 0, 0, 0, 0, 29_000, 1000, 0, 60_000, 0]) {
      time += wait;
      answers.push(await answerTo(name, 'wrong'));
    }
    return answers;
  };
  const known = await series('ines');
  expect(known.at(-1)).toBe('SERVER_TOO_MANY: Too many wrong passwords. Wait 120 seconds.');
  expect(await series('nobody')).toEqual(known);
});

test('names without an account fill no record: one row a window says how many attempts there were; those of an account have a row each', async () => {
  const told = async (): Promise<unknown[]> => {
    const rows = await store.db.selectFrom('server_events').select('body').where('type', '=', 'account.refused').orderBy('seq').execute();
    return rows.map(({ body }): unknown => JSON.parse(body));
  };
  for (let at = 0; at < 6; at += 1) await answerTo(`nobody-${at}`, 'wrong');
  expect(await told()).toEqual([{ account: null, attempts: 1 }]);
  for (let at = 0; at < 2; at += 1) await answerTo('ines', 'wrong');
  expect((await told()).slice(1)).toEqual([{ account: 'ines' }, { account: 'ines' }]);
  time += STRANGERS_WINDOW_MS;
  await answerTo('nobody-6', 'wrong');
  // A clock that is set back holds no window open.
  time -= 10 * STRANGERS_WINDOW_MS;
  await answerTo('nobody-7', 'wrong');
  expect((await told()).slice(3)).toEqual([
    { account: null, attempts: 6 },
    { account: null, attempts: 1 },
  ]);
});
