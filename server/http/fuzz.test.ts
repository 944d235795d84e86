/**
 * Every endpoint of both listeners, as its own OpenAPI document names them, against bodies, queries and paths made from its
 * schema and from nonsense: whatever comes, the answer is a status below 500, and a refusal carries a code of the closed union
 * and never a stack. Part of it gets past the first check. A new route is fuzzed by being there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consolePaths } from '../../contract/console-api.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/index.ts';
import { isErrorCode } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { fitting } from '../../test/support/schema-arbitrary.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import type { App } from './app.ts';
import { createConsoleApp } from './console-app.ts';
import { createSeatsApp } from './seats-app.ts';

const workstationId = 'a'.repeat(32);
const fingerprint = 'f'.repeat(64);
const incarnation = 'b'.repeat(16);
/** Requests of each route. */
const RUNS = 40;
const SEED = 20_261_128;
let folder: string;
let site: Site;
let seats: App;
let people: App;
let signedIn: string;

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
    .values({ workstation_id: workstationId, fingerprint_sha256: fingerprint, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER })
    .execute();
  await site.policies.trust([Buffer.from(publicKey)]);
  await site.accounts.put('iris', 'correct horse battery');
  const { secret } = await site.accounts.signIn('iris', 'correct horse battery');
  signedIn = `__Host-wardlock=${secret}`;
  seats = await createSeatsApp(site, null, () => ({ workstationId, fingerprintSha256: fingerprint, until: Number.MAX_SAFE_INTEGER }));
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
  fc.constantFrom('policy', 'directory', 'wait', 'person', 'seat', 'from', 'to', 'after', 'limit', 'x'),
  fc.oneof(fc.constantFrom('0', '1', '-1', '2026-01-01T00:00:00Z', 'x'), fc.string()),
);
const piece = fc.oneof(
  fc.constantFrom('%00', '..%2f', '-1', workstationId, incarnation, '0', 'x'.repeat(300)),
  fc.string().map(encodeURIComponent),
);

/** What of an OpenAPI document the fuzzing goes by. */
const Operation = Type.Object({
  parameters: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), in: Type.String(), required: Type.Boolean(), schema: Type.Unknown() })),
  ),
  requestBody: Type.Optional(Type.Object({ content: Type.Record(Type.String(), Type.Object({ schema: Type.Unknown() })) })),
});
const Document = Type.Object({ paths: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())) });
const methods = { get: 'GET', post: 'POST', put: 'PUT', delete: 'DELETE', patch: 'PATCH' } as const;

interface Route {
  readonly method: (typeof methods)[keyof typeof methods];
  readonly path: string;
  readonly operation: Static<typeof Operation>;
}

async function routesOf(app: App): Promise<Route[]> {
  await app.ready();
  const { paths } = Value.Parse(Document, app.swagger());
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const method = Object.entries(methods).find(([name]) => name === verb)?.[1];
      if (method === undefined) throw new Error(`teach this test ${verb} of ${path}`);
      return { method, path, operation: Value.Parse(Operation, operation) };
    }),
  );
}

/** Requests of one route: each part fits its schema or is nonsense. */
function requestsOf({ method, path, operation: { parameters = [], requestBody } }: Route): fc.Arbitrary<InjectOptions> {
  const asked = (where: string) => parameters.filter((parameter) => parameter.in === where);
  const places = Object.fromEntries([...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => [name, pathPiece(asked('path'), name)]));
  const fields = Object.fromEntries(asked('query').map(({ name, schema }) => [name, fitting(schema).map(String)]));
  const requiredKeys = asked('query').flatMap(({ name, required }) => (required ? [name] : []));
  const contents = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) =>
    fitting(schema).map((value) => ({ type, payload: JSON.stringify(value) })),
  );
  return fc
    .record({ places: fc.record(places), query: fc.oneof(fc.record(fields, { requiredKeys }), query), body: fc.oneof(body, ...contents) })
    .map(({ places: filled, query: given, body: { type, payload } }) => ({
      method,
      url: path.replaceAll(/\{([^}]+)\}/g, (_whole, name: string) => String(filled[name])),
      // A long poll would wait for nothing.
      query: 'wait' in given ? { ...given, wait: '0' } : given,
      ...(method === 'GET' ? {} : { payload, headers: { 'content-type': type } }),
    }));
}

function pathPiece(parameters: readonly { readonly name: string; readonly schema: unknown }[], name: string): fc.Arbitrary<string> {
  const schema = parameters.find((parameter) => parameter.name === name)?.schema;
  return schema === undefined
    ? piece
    : fc.oneof(
        fitting(schema).map((value) => encodeURIComponent(String(value))),
        piece,
      );
}

/** Answers whether it got past the first check: what fits no schema is refused at the door and tries nothing behind it. */
async function expectCalm(app: App, options: InjectOptions): Promise<boolean> {
  const answer = await app.inject(options);
  expect(answer.statusCode, answer.body).toBeLessThan(500);
  expect(answer.body).not.toMatch(/\bat (?:[^"]+ \()?(?:file:|node:|\/)\S*:\d+:\d+|node_modules|SQLITE|sqlite/);
  if (answer.statusCode < 400 || answer.headers['content-type']?.toString().startsWith('text/') === true) return true;
  const refusal: { code: string } = answer.json();
  expect(isErrorCode(refusal.code), answer.body).toBe(true);
  return refusal.code !== 'SERVER_REQUEST_MALFORMED';
}

/** How many requests of one route got past the first check. */
async function fuzz(
  route: Route,
  known: fc.Arbitrary<boolean>,
  send: (options: InjectOptions, known: boolean) => Promise<boolean>,
): Promise<number> {
  let past = 0;
  const property = fc.asyncProperty(requestsOf(route), known, async (options, signed) => {
    if (await send(options, signed)) past += 1;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  return past;
}

describe('whatever comes, the answer is calm', () => {
  test('seats: every route', { timeout: 60_000 }, async () => {
    for (const route of await routesOf(seats)) {
      const past = await fuzz(route, fc.constant(true), (options) => expectCalm(seats, options));
      // Its body is framed bytes, which no schema tells: fuzz-intake.test.ts spoils real ones.
      if (!route.path.startsWith(seatPaths.entries)) expect(past, route.path).toBeGreaterThan(0);
    }
  });

  test('people: every route, signed in and not', { timeout: 60_000 }, async () => {
    for (const route of await routesOf(people)) {
      // Guesses at a password, and signing out, must not make everyone a stranger for the rest.
      const cookie = route.path === consolePaths.signIn || route.path === consolePaths.signOut ? '' : signedIn;
      const past = await fuzz(route, fc.boolean(), (options, known) =>
        expectCalm(people, { ...options, headers: { ...options.headers, ...(known ? { cookie } : {}) } }),
      );
      expect(past, route.path).toBeGreaterThan(0);
    }
  });

  test('the routes are found: those of the contract are among them', async () => {
    for (const [app, paths] of [
      [seats, seatPaths],
      [people, consolePaths],
    ] as const) {
      const found = (await routesOf(app)).map(({ path }) => path);
      const wanted = Object.values(paths).map((path) => path.replaceAll(/:(\w+)/g, '{$1}'));
      for (const path of wanted)
        expect(
          found.some((one) => one.startsWith(path)),
          path,
        ).toBe(true);
    }
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
