/** Chromium's many names of an error become the few words of the record. */
import { expect, test } from 'vitest';
import { failureOf } from './failures.ts';

test.each([
  ['ERR_CERT_AUTHORITY_INVALID', 'certificate'],
  ['ERR_CERT_DATE_INVALID', 'certificate'],
  ['ERR_CERTIFICATE_TRANSPARENCY_REQUIRED', 'certificate'],
  ['ERR_SSL_PROTOCOL_ERROR', 'encryption'],
  ['ERR_BAD_SSL_CLIENT_AUTH_CERT', 'encryption'],
  ['ERR_NAME_NOT_RESOLVED', 'name'],
  ['ERR_DNS_TIMED_OUT', 'name'],
  ['ERR_CONNECTION_REFUSED', 'connection'],
  ['ERR_INTERNET_DISCONNECTED', 'connection'],
  ['ERR_TIMED_OUT', 'connection'],
  ['ERR_EMPTY_RESPONSE', 'answer'],
  ['ERR_TOO_MANY_REDIRECTS', 'answer'],
  ['ERR_SMITH_ANNA', 'other'],
  ['', 'other'],
] as const)('%s is recorded as %s', (error, reason) => expect(failureOf(error)).toBe(reason));
