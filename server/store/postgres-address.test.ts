import { afterEach, expect, test, vi } from 'vitest';
import { openStore } from './open.ts';
import { parsePostgresAddress } from './postgres-address.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['postgres://wardlock:secret@localhost:6000/site', 'localhost:6000/site'],
  ['postgresql://wardlock:secret@127.0.0.1/site', '127.0.0.1:5432/site'],
  ['postgres://wardlock:secret@localhost', 'localhost:5432/wardlock'],
  ['postgres://wardlock:secret@[::1]:6000/site', '::1:6000/site'],
  ['postgres://wardlock:secret@localhost/site?host=%2Frun%2Fpostgresql', '/run/postgresql/site'],
  ['postgres://wardlock:secret@db.example.org/site?sslmode=verify-full', 'db.example.org:5432/site'],
  ['postgres://wardlock:secret@db.example.org/site?sslmode=disable', 'db.example.org:5432/site'],
])('%s is shown as %s, never with its password', (text, shown) => {
  expect(parsePostgresAddress(text).shown).toBe(shown);
});

test('a way over a network says how TLS is checked, or that there is none', () => {
  vi.stubEnv('PGSSLMODE', '');
  expect(() => parsePostgresAddress('postgres://wardlock@db.example.org/site')).toThrow(/crosses a network.*sslmode=verify-full/);
});

test.each(['postgres://', 'postgres://wardlock@localhost:port/site', 'postgres://localhost/site?sslrootcert=/no/such/file'])(
  '%s is refused in a plain sentence',
  (text) => {
    vi.stubEnv('PGDATABASE', '');
    vi.stubEnv('PGUSER', '');
    vi.stubEnv('USER', '');
    expect(() => parsePostgresAddress(text)).toThrow(
      expect.objectContaining({ code: 'START_USAGE', message: expect.stringMatching(/Write postgres:/) }),
    );
  },
);

test.each(['mysql://localhost/site', 'sqlite:', 'wardlock.db', ''])('%s names no database that is known', async (text) => {
  await expect(openStore(text)).rejects.toMatchObject({ code: 'START_USAGE' });
});
