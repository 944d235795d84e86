import { afterAll, expect, test } from 'vitest';
import { given, hotQuery } from './hot-query.ts';
import { openSqlite } from './sqlite.ts';

const store = await openSqlite(':memory:');
afterAll(() => store.close());

test('each parameter lands in its place, wherever that is; constants stay', async () => {
  const put = hotQuery({ value: given.text(), key: given.text() }, (db, { key, value }) =>
    db.insertInto('settings').values({ key, value }),
  );
  const find = hotQuery({ key: given.text(), most: given.number() }, (db, { key, most }) =>
    db.selectFrom('settings').select('value').where('value', '!=', 'constant').where('key', '=', key).limit(most),
  );
  for (const key of ['a', 'b']) await put(store.db, { key, value: `value of ${key}` });
  await put(store.db, { key: 'c', value: 'constant' });
  expect((await find(store.db, { key: 'b', most: 5 })).rows).toEqual([{ value: 'value of b' }]);
  expect((await find(store.db, { key: 'a', most: 5 })).rows).toEqual([{ value: 'value of a' }]);
  expect((await find(store.db, { key: 'a', most: 0 })).rows).toEqual([]);
  expect((await find(store.db, { key: 'c', most: 5 })).rows).toEqual([]);
});

test('a parameter that the query forgets is a mistake of the build, told at the first call', () => {
  const forgetful = hotQuery({ key: given.text(), value: given.text() }, (db, { key }) =>
    db.selectFrom('settings').select('value').where('key', '=', key),
  );
  expect(() => forgetful(store.db, { key: 'a', value: 'b' })).toThrow('value: not in the query');
});
