import { expect, test } from 'vitest';
import { errorMeanings } from '../core/errors/index.ts';
import { refusalOf } from './https-refusal.ts';

const body = (code: string, message: string): Buffer => Buffer.from(JSON.stringify({ code, message }));
const general = body('SERVER_TOO_MANY', errorMeanings.SERVER_TOO_MANY);

test('how long to wait is said where only a header tells it', () =>
  expect(refusalOf(429, { 'retry-after': '41' }, general)).toMatchObject({
    code: 'SERVER_TOO_MANY',
    message: 'Too many requests. Wait 41 seconds, then try again.',
  }));

test.each([
  ['no header', {}, general, errorMeanings.SERVER_TOO_MANY],
  ['a header that is no number of seconds', { 'retry-after': 'Wed, 21 Oct' }, general, errorMeanings.SERVER_TOO_MANY],
  [
    'words of its own',
    { 'retry-after': '41' },
    body('SERVER_TOO_MANY', 'Too many wrong passwords. Wait 7 seconds.'),
    'Too many wrong passwords. Wait 7 seconds.',
  ],
  ['another code', { 'retry-after': '41' }, body('SERVER_NOT_FOUND', 'No seat is called x.'), 'No seat is called x.'],
])("with %s the server's words stay", (_what, headers, answer, message) => expect(refusalOf(429, headers, answer).message).toBe(message));

test.each(['<html>', '{"code":"FOREIGN","message":"x"}'])('%s is no answer of this server', (text) =>
  expect(refusalOf(502, {}, Buffer.from(text))).toMatchObject({ code: 'SERVER_REFUSED', message: 'The server answered with status 502.' }),
);
