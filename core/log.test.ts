import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import winston from 'winston';
import { WardlockError } from './errors/index.ts';
import { DEEPEST, isSensitive, LONGEST_TEXT, REDACTED, redact, redaction, WIDEST } from './log.ts';

describe('names of fields', () => {
  test.each([
    'pin',
    'PIN',
    'badge',
    'badgeNumber',
    'badge_hash',
    'X-Auth-Token',
    'deviceKey',
    'private-key',
    'displayName',
    'name',
    'Set-Cookie',
    'MRN',
  ])('%s is sensitive', (name) => expect(isSensitive(name)).toBe(true));

  test.each(['appId', 'pinned', 'opinion', 'monkey', 'keyboard', 'keyId', 'hostname', 'tokenizer', 'seat', 'policyVersion', 'renamed'])(
    '%s is not',
    (name) => expect(isSensitive(name)).toBe(false),
  );
});

describe('redact', () => {
  test('strikes out at every depth and keeps what is harmless', () => {
    expect(redact({ seat: 'bay-4', session: { badge: '04A1', tries: 2, list: [{ pin: '271828' }] }, pin: null })).toEqual({
      seat: 'bay-4',
      session: { badge: REDACTED, tries: 2, list: [{ pin: REDACTED }] },
      pin: null,
    });
  });

  test.each([
    ['an enrolment token', 'typed 7K3M-0QXW-9ZPA-1BCD-EFGH-JKMN-PQRS-TVWX twice', '7K3M'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----', 'MC4CAQ'],
    ['a private key that was cut', 'x -----BEGIN EC PRIVATE KEY-----\nMC4CAQ', 'MC4CAQ'],
    ['an authorization header', 'sent Bearer abc.def-123456', 'abc.def'],
    ['a password in an address', 'connecting to postgres://ward:hunter2@db/x', 'hunter2'],
  ])('strikes out %s inside a text', (_, text, secret) => {
    const shown = redact(text);
    expect(shown).not.toContain(secret);
    expect(shown).toContain(REDACTED);
  });

  test('keeps an ordinary sentence as it is', () => {
    const text = 'Reader unplugged at Bay 4: use PIN. Retry in 30 s, https://server:8443/seats/bay-4';
    expect(redact(text)).toBe(text);
  });

  test('shows an error by code, and its causes', () => {
    const cause = Object.assign(new Error('SQLITE_FULL for 7K3M-0QXW-9ZPA-1BCD-EFGH-JKMN-PQRS-TVWX'), { code: 'SQLITE_FULL' });
    const shown = redact(new WardlockError('AUDIT_APPEND_FAILED', undefined, { cause }));
    expect(shown).toMatchObject({ code: 'AUDIT_APPEND_FAILED', cause: { code: 'SQLITE_FULL', message: `SQLITE_FULL for ${REDACTED}` } });
    expect(shown).not.toHaveProperty('stack');
  });

  test('ends: circles, depth, width, length and bytes', () => {
    const circle: Record<string, unknown> = { seat: 'bay-4' };
    circle.self = circle;
    expect(redact(circle)).toEqual({ seat: 'bay-4', self: '[circular]' });
    let deep: unknown = 'end';
    for (let depth = 0; depth <= DEEPEST; depth += 1) deep = { inner: deep };
    expect(JSON.stringify(redact(deep))).toContain('[deeper]');
    expect(redact(Array.from({ length: WIDEST + 5 }, () => 1))).toHaveLength(WIDEST + 1);
    expect(redact('a'.repeat(LONGEST_TEXT + 7))).toBe(`${'a'.repeat(LONGEST_TEXT)} [7 more]`);
    expect(redact({ frame: new Uint8Array(12) })).toEqual({ frame: '[12 bytes]' });
  });

  test('never throws, never changes its input, and what it gives can be printed', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withSparseArray: true }), (value) => {
        expect(() => redact(value)).not.toThrow();
      }),
    );
    const trap = {
      get seat(): string {
        throw new Error('not today');
      },
    };
    expect(redact(trap)).toBe('[unreadable]');
    const input = Object.freeze({ pin: '271828', list: Object.freeze([Object.freeze({ badge: 'x' })]) });
    expect(redact(input)).toEqual({ pin: REDACTED, list: [{ badge: REDACTED }] });
    expect(input.pin).toBe('271828');
  });
});

test('a winston logger with the format writes no secret that it was given, wherever it was given', async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const log = winston.createLogger({
    defaultMeta: { service: 'agent' },
    format: winston.format.combine(redaction(), winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream })],
  });
  log.info('badge read', { badge: '04A1B2C3D4', reader: 'pcsc-0' });
  log.warn({ message: 'wrong', pin: '271828' });
  log.child({ person: 'anna.reyes' }).error('failed', new WardlockError('SESSION_PIN_WRONG'));
  await new Promise<void>((resolve) => {
    log.on('finish', resolve);
    log.end();
  });
  const written = lines.join('');
  expect(lines).toHaveLength(3);
  expect(written).not.toMatch(/04A1B2C3D4|271828|anna\.reyes/);
  expect(written).toContain('"reader":"pcsc-0"');
  expect(written).toContain('"service":"agent"');
  expect(written).toContain('SESSION_PIN_WRONG');
});
