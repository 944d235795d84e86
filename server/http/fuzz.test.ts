/**
 * Every endpoint of both listeners against bodies, queries and paths made from its schema and from nonsense: whatever comes,
 * the answer is a status below 500, and a refusal carries a code of the closed union and never a stack.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consolePaths } from '../../contract/console-api.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/index.ts';
import { isErrorCode } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import type { App } from './app.ts';
import { createConsoleApp } from './console-app.ts';
import { createSeatsApp } from './seats-app.ts';

const workstationId = 'a'.repeat(32);
const fingerprint = 'f'.repeat(64);
const incarnation = 'b'.repeat(16);
type Method = 'GET' | 'POST' | 'PUT';
let folder: string;
let site: Site;
let seats: App;
let people: App;
let cookie: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-fuzz-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  const { db } = site.store;
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const publicKey = site.keys.directory.publicKey;
  const log_key = formatVerifierKey(nodeCrypto, { name: `wardlock/seat/${workstationId}`, type: NOTE_ED25519, publicKey });
  const sealing_key = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
  const names = { name: 'Bay 4', ward_id: 'icu', machine_id_sha256: '', os: '{}' };
  await db
    .insertInto('seats')
    .values({ workstation_id: workstationId, ...names, enrolled_at: 0, log_key, sealing_key, revoked_at: null, last_seen_at: null })
    .execute();
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id: workstationId, fingerprint_sha256: fingerprint, issued_at: 0, not_after: 0 })
    .execute();
  await site.policies.trust([Buffer.from(publicKey)]);
  await site.accounts.put('iris', 'correct horse battery');
  const { secret } = await site.accounts.signIn('iris', 'correct horse battery');
  cookie = `__Host-wardlock=${secret}`;
  seats = await createSeatsApp(site, null, () => ({ workstationId, fingerprintSha256: fingerprint }));
  people = await createConsoleApp(site, null);
});
afterAll(async () => {
  await Promise.all([seats.close(), people.close()]);
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** JSON with the field names that the schemas use, so that some of it gets past the first check. */
const field = fc.constantFrom(
  'secret',
  'claim',
  'signature',
  'csr',
  'kind',
  'version',
  'outcome',
  'code',
  'message',
  'name',
  'password',
  'payloadType',
  'payload',
  'signatures',
  '__proto__',
  'constructor',
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1e308,
    '',
    'A'.repeat(16),
    '0'.repeat(16),
    'AA==',
    'policy',
    'applied',
    'iris',
    'application/vnd.wardlock.policy+json',
    '\u0000',
    '\ud800',
    '../../etc/passwd',
    "' or 1=1 --",
  ),
  fc.string(),
  fc.integer(),
);
const json = fc.oneof(
  fc.dictionary(field, fc.oneof(leaf, fc.array(fc.dictionary(fc.constantFrom('keyid', 'sig'), leaf), { maxLength: 3 })), { maxKeys: 6 }),
  fc.jsonValue(),
);
const body = fc.oneof(
  json.map((value) => ({ type: 'application/json', payload: JSON.stringify(value) })),
  fc.string().map((payload) => ({ type: 'application/json', payload })),
  fc.uint8Array({ maxLength: 4000 }).map((bytes) => ({ type: 'application/octet-stream', payload: Buffer.from(bytes) })),
  fc.string().map((payload) => ({ type: 'text/plain', payload })),
  fc.tuple(fc.nat(30), fc.base64String()).map(([size, text]) => ({
    type: 'text/plain',
    payload: `old ${size}\n\nwardlock/seat/${workstationId}/${incarnation}\n${size}\n${text}\n\n— x ${text}\n`,
  })),
  fc.constantFrom('multipart/form-data', 'application/xml', 'garbage', '').map((type) => ({ type, payload: 'x' })),
);
const query = fc.dictionary(
  fc.constantFrom('policy', 'directory', 'wait', 'person', 'seat', 'from', 'to', 'after'),
  fc.oneof(fc.constantFrom('0', '1', '-1', '2026-01-01T00:00:00Z', 'x'), fc.string()),
);

const seatRoutes: readonly [Method, string][] = [
  ['POST', seatPaths.enrol],
  ['POST', seatPaths.renew],
  ['POST', seatPaths.reports],
  ['POST', seatPaths.addCheckpoint],
  ['PUT', `${seatPaths.entries}/${incarnation}/0`],
  ['PUT', `${seatPaths.entries}/${incarnation}/7`],
  ['PUT', `${seatPaths.entries}/nonsense/-1`],
];
const peopleRoutes: readonly [Method, string][] = [
  ['POST', consolePaths.policy],
  ['POST', consolePaths.signIn],
  ['POST', consolePaths.signOut],
  ['GET', consolePaths.sessions],
  ['GET', consolePaths.exportLog],
  ['GET', consolePaths.alarms],
  ['GET', `${consolePaths.sessions}/${workstationId}/${'c'.repeat(32)}`],
  ['GET', `${consolePaths.sessions}/%00/..%2f`],
];

async function expectCalm(app: App, options: InjectOptions): Promise<void> {
  const answer = await app.inject(options);
  expect(answer.statusCode, answer.body).toBeLessThan(500);
  expect(answer.body).not.toMatch(/\bat .+:\d+:\d+|node_modules|SQLITE|sqlite/);
  if (answer.statusCode < 400 || answer.headers['content-type']?.toString().startsWith('text/') === true) return;
  const refusal: { code: string } = answer.json();
  expect(isErrorCode(refusal.code), answer.body).toBe(true);
}

describe('whatever comes, the answer is calm', () => {
  test.each(seatRoutes)('seats: %s %s', async (method, url) => {
    await fc.assert(
      fc.asyncProperty(body, ({ type, payload }) => expectCalm(seats, { method, url, payload, headers: { 'content-type': type } })),
      { numRuns: 60 },
    );
  });

  test('seats: GET updates', async () => {
    await fc.assert(
      fc.asyncProperty(query, (given) => expectCalm(seats, { method: 'GET', url: seatPaths.updates, query: { ...given, wait: '0' } })),
      { numRuns: 60 },
    );
  });

  test.each(peopleRoutes)('people: %s %s', async (method, url) => {
    const input = fc.tuple(body, query, fc.boolean());
    await fc.assert(
      fc.asyncProperty(input, ([{ type, payload }, given, known]) => {
        const headers = { ...(known ? { cookie } : {}), ...(method === 'GET' ? {} : { 'content-type': type }) };
        return expectCalm(people, { method, url, query: given, headers, ...(method === 'GET' ? {} : { payload }) });
      }),
      { numRuns: 60 },
    );
  });

  test('paths and methods that nobody serves are 404 with a code', async () => {
    for (const app of [seats, people]) {
      for (const url of ['/', '/v1', '/api', '/v1/enrol/../entries', '/%ff', '/api/sessions/a/b/c']) {
        const answer = await app.inject({ method: 'DELETE', url });
        expect([400, 404]).toContain(answer.statusCode);
        expect(isErrorCode(answer.json<{ code: string }>().code)).toBe(true);
      }
    }
  });
});
