import { expect, test } from 'vitest';
import { WardlockError } from '../../core/errors/index.ts';
import { codedDatabaseError, codeOfDatabaseError } from './postgres-errors.ts';

const fault = (code: string | undefined, message = 'words of the database'): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

test.each([
  ['ECONNREFUSED', 'SERVER_DATABASE_UNREACHABLE'],
  ['ENOENT', 'SERVER_DATABASE_UNREACHABLE'],
  ['57P01', 'SERVER_DATABASE_UNREACHABLE'],
  ['57P03', 'SERVER_DATABASE_UNREACHABLE'],
  ['08006', 'SERVER_DATABASE_UNREACHABLE'],
  ['53300', 'SERVER_DATABASE_UNREACHABLE'],
  ['25006', 'SERVER_DATABASE_UNREACHABLE'],
  ['40P01', 'SERVER_DATABASE_BUSY'],
  ['57014', 'SERVER_DATABASE_BUSY'],
  ['28P01', 'SERVER_DATABASE_REFUSED'],
  ['42501', 'SERVER_DATABASE_REFUSED'],
])('%s is %s', (code, named) => {
  expect(codeOfDatabaseError(fault(code))).toBe(named);
});

test.each(['23505', '42P01', '22P02', 'XX000', 'ERR_INVALID_ARG_TYPE'])('%s stays a fault of ours', (code) => {
  const thrown = fault(code);
  expect(codedDatabaseError(thrown)).toBe(thrown);
});

test.each(['timeout exceeded when trying to connect', 'Connection terminated unexpectedly', 'Query read timeout'])(
  '"%s", which has no code, means that it is away',
  (words) => {
    expect(codeOfDatabaseError(fault(undefined, words))).toBe('SERVER_DATABASE_UNREACHABLE');
  },
);

test('a coded error carries no word of the database, and one that is coded already stays as it is', () => {
  const coded = codedDatabaseError(fault('57P01'));
  expect(coded).toBeInstanceOf(WardlockError);
  expect(coded).toMatchObject({ cause: { message: 'words of the database' } });
  expect(String(coded)).not.toMatch(/words of the database/);
  expect(codedDatabaseError(coded)).toBe(coded);
});
