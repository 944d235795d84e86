import { hash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyEnrolmentReply } from '../../agent/enrolment/verify-reply.ts';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import { CLAIM_TYPE, type EnrolRequest, seatPaths } from '../../contract/seat-api.ts';
import { formatVerifierKey, NOTE_COSIGNATURE, NOTE_ED25519 } from '../../core/audit/index.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { type CanonicalValue, canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { tokenId, workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import type { PeerCertificate } from '../http/seat-identity.ts';
import { createSeatsApp } from '../http/seats-app.ts';
import { SEAT_CERTIFICATE_DAYS } from '../site/authority.ts';
import { openEnrolments } from './enrolments.ts';
import { noteRestore } from './restores.ts';

let folder: string;
let site: Site;
let token: string;
const signer = nodeCrypto.signer(nodeCrypto.random(32));
const workstationId = workstationIdOf(signer.publicKey);

beforeEach(async ({ onTestFinished }) => {
  const made = await mkdtemp(join(tmpdir(), 'wardlock-enrol-'));
  // Also where the site does not open: then there is nothing to close.
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  folder = made;
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.policies.trust([Buffer.from(site.keys.directory.publicKey)]);
  token = (await site.enrolments.makeToken({ seatName: 'Bay 4', wardId: 'icu', wardName: null, lifeMs: 60_000 })).token;
});
afterEach(async () => {
  await site.close();
});

interface Change {
  readonly claim?: Readonly<Record<string, CanonicalValue>>;
  readonly text?: (claim: string) => string;
  readonly request?: Partial<EnrolRequest>;
  readonly otherKey?: boolean;
}

async function request({ claim = {}, text = (same) => same, request: changed = {}, otherKey = false }: Change = {}): Promise<EnrolRequest> {
  const { secret } = parseToken(token);
  const key = await newKeyRequest();
  const name = `wardlock/seat/${workstationId}`;
  const bytes = Buffer.from(
    text(
      canonicalJson({
        schema: 'wardlock-enrolment-claim/1',
        tokenId: tokenId(secret),
        tlsKeySha256: key.spkiSha256,
        logKey: formatVerifierKey(nodeCrypto, { name, type: NOTE_ED25519, publicKey: signer.publicKey }),
        sealingKey: Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64'),
        machineIdSha256: hash('sha256', 'machine'),
        os: { platform: 'linux', release: '6', arch: 'x64' },
        ...claim,
      }),
    ),
  );
  const by = otherKey ? nodeCrypto.signer(nodeCrypto.random(32)) : signer;
  const signature = Buffer.from(by.sign(preAuthenticationEncoding(CLAIM_TYPE, bytes))).toString('base64');
  return { secret, claim: bytes.toString('base64'), signature, csr: key.csr.toString('base64'), ...changed };
}

const lowOrder = Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex');
const lowOrderX = Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex');
const otherCsr = async (): Promise<string> => (await newKeyRequest()).csr.toString('base64');

describe('a claim is refused, nothing is stored and the token stays good', () => {
  const cases: readonly (readonly [string, () => Promise<Change>])[] = [
    [
      'a low-order log key',
      async () => ({ claim: { logKey: formatVerifierKey(nodeCrypto, { name: 'x', type: NOTE_ED25519, publicKey: lowOrder }) } }),
    ],
    ['a low-order sealing key', async () => ({ claim: { sealingKey: lowOrderX.toString('base64') } })],
    ['an all-zero sealing key', async () => ({ claim: { sealingKey: Buffer.alloc(32).toString('base64') } })],
    [
      'a cosigner’s key for the log',
      async () => ({
        claim: { logKey: formatVerifierKey(nodeCrypto, { name: 'x', type: NOTE_COSIGNATURE, publicKey: signer.publicKey }) },
      }),
    ],
    ['a signature by another key', async () => ({ otherKey: true })],
    ['the token of another claim', async () => ({ claim: { tokenId: '0'.repeat(32) } })],
    ['another TLS key than the request for a certificate', async () => ({ request: { csr: await otherCsr() } })],
    ['a form that is not canonical', async () => ({ text: (claim: string) => ` ${claim}` })],
    ['an unknown field', async () => ({ claim: { admin: true } })],
    ['a request that is no certificate request', async () => ({ request: { csr: 'AAAA' } })],
    ['a claim that is not JSON', async () => ({ text: () => '{' })],
  ];
  test.each(cases)('%s', async (_name, change) => {
    await expect(site.enrolments.enrol(await request(await change()))).rejects.toMatchObject({ code: 'ENROL_CLAIM_INVALID' });
    expect(await site.store.db.selectFrom('seats').select('workstation_id').execute()).toEqual([]);
    await expect(site.enrolments.enrol(await request())).resolves.toBeDefined();
  });
});

test('a token for a ward or a seat that no policy could name is not made', async () => {
  const wanted = { seatName: 'Bay 4', wardId: 'icu', wardName: null, lifeMs: 60_000 };
  for (const wrong of [{ seatName: '' }, { wardId: 'Not Aufnahme' }, { wardId: '' }, { wardName: '' }])
    await expect(site.enrolments.makeToken({ ...wanted, ...wrong })).rejects.toMatchObject({ code: 'START_USAGE' });
});

test('the answer is believed by its own claim, its own token and its own seat only', async () => {
  const good = await request();
  const reply = Buffer.from(JSON.stringify(await site.enrolments.enrol(good)));
  const claimSha256 = hash('sha256', Buffer.from(good.claim, 'base64'));
  const check = { reply, token, claimSha256, workstationId };
  expect(verifyEnrolmentReply(check)).toMatchObject({ tenant: 'site', seatName: 'Bay 4', workstationId });
  const foreignFolder = join(folder, 'foreign');
  const foreign = await openSite({ stateFolder: foreignFolder, database: await testDatabase(), tenant: null });
  const foreignToken = (await foreign.enrolments.makeToken({ seatName: 'x', wardId: 'x', wardName: null, lifeMs: 1000 })).token;
  await foreign.close();
  expect(() => verifyEnrolmentReply({ ...check, token: foreignToken })).toThrow(expect.objectContaining({ code: 'ENROL_WRONG_SERVER' }));
  for (const change of [{ claimSha256: '0'.repeat(64) }, { workstationId: '0'.repeat(32) }, { reply: Buffer.from('{}') }]) {
    expect(() => verifyEnrolmentReply({ ...check, ...change })).toThrow(expect.objectContaining({ code: 'ENROL_REPLY_INVALID' }));
  }
  const parsed: { envelope: { payload: string } } = JSON.parse(reply.toString('utf8'));
  const payload = Buffer.from(parsed.envelope.payload, 'base64').toString('utf8').replace('Bay 4', 'Bay 5');
  const altered = Buffer.from(
    JSON.stringify({ ...parsed, envelope: { ...parsed.envelope, payload: Buffer.from(payload).toString('base64') } }),
  );
  expect(() => verifyEnrolmentReply({ ...check, reply: altered })).toThrow(expect.objectContaining({ code: 'ENROL_REPLY_INVALID' }));
});

test('a lost reply may be asked for again by the same seat, and by no other', async () => {
  await site.enrolments.enrol(await request());
  await expect(site.enrolments.enrol(await request())).resolves.toBeDefined();
  expect((await site.store.db.selectFrom('seats').select('workstation_id').execute()).length).toBe(1);
  await site.store.db
    .updateTable('enrolment_tokens')
    .set({ used_by: 'f'.repeat(32) })
    .execute();
  await expect(site.enrolments.enrol(await request())).rejects.toMatchObject({ code: 'ENROL_TOKEN_EXPIRED' });
});

test('the CA signs nothing for a token that is wrong, has ended or is another seat’s, and nothing for a revoked seat', async () => {
  const { store, authority, policies, changes, log } = site;
  let signed = 0;
  const counting = {
    ...authority,
    certifySeat: (wanted: Parameters<typeof authority.certifySeat>[0]) => {
      signed += 1;
      return authority.certifySeat(wanted);
    },
  };
  const trust = { tenant: 'site', directoryKey: site.keys.directory.publicKey, witnessKey: site.witnessKey, mirrorKey: site.mirrorKey };
  let time = Date.now();
  const { enrol } = openEnrolments({
    db: store.db,
    authority: counting,
    crypto: nodeCrypto,
    trust,
    policies,
    changes,
    log,
    now: () => time,
  });
  const good = await request();
  await expect(enrol({ ...good, secret: '0'.repeat(16) })).rejects.toMatchObject({ code: 'ENROL_TOKEN_EXPIRED' });
  time += 60_001;
  await expect(enrol(good)).rejects.toMatchObject({ code: 'ENROL_TOKEN_EXPIRED' });
  time -= 60_001;
  await expect(enrol({ ...good, signature: 'AAAA' })).rejects.toMatchObject({ code: 'ENROL_CLAIM_INVALID' });
  expect(signed).toBe(0);
  await enrol(good);
  expect(signed).toBe(1);
  const used = (used_by: string | null) => store.db.updateTable('enrolment_tokens').set({ used_by }).execute();
  await used('f'.repeat(32));
  await expect(enrol(good)).rejects.toMatchObject({ code: 'ENROL_TOKEN_EXPIRED' });
  await used(null);
  await site.seats.revoke(workstationId);
  await expect(enrol(good)).rejects.toMatchObject({ code: 'SERVER_SEAT_REVOKED' });
  expect(signed).toBe(1);
});

test('a machine that enrols under a second log key raises an alarm: enrolled again, or cloned', async () => {
  await site.enrolments.enrol(await request());
  expect(await site.store.db.selectFrom('alarms').select('kind').execute()).toEqual([]);
  await site.store.db
    .insertInto('seats')
    .values({
      workstation_id: 'd'.repeat(32),
      name: 'Bay 3',
      ward_id: 'icu',
      enrolled_at: 0,
      log_key: '',
      sealing_key: '',
      machine_id_sha256: hash('sha256', 'machine'),
      os: '{}',
      revoked_at: null,
      last_seen_at: null,
    })
    .execute();
  await site.enrolments.enrol(await request());
  expect(await site.store.db.selectFrom('alarms').select('kind').execute()).toEqual([{ kind: 'SEAT_MACHINE_TWICE' }]);
});

test('a revoked seat is refused and the token stays good; a new token moves a known seat, and that is recorded', async () => {
  await site.enrolments.enrol(await request());
  const before = await site.directories.version();
  const sealingKey = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
  token = (await site.enrolments.makeToken({ seatName: 'Bay 9', wardId: 'er', wardName: 'ER', lifeMs: 60_000 })).token;
  const move = await request({ claim: { sealingKey } });
  const reply = await site.enrolments.enrol(move);
  expect(JSON.parse(Buffer.from(reply.envelope.payload, 'base64').toString('utf8'))).toMatchObject({
    seatName: 'Bay 9',
    ward: { id: 'er' },
  });
  await site.enrolments.enrol(move);
  const seats = () => site.store.db.selectFrom('seats').select(['name', 'ward_id', 'sealing_key']).execute();
  expect(await seats()).toEqual([{ name: 'Bay 9', ward_id: 'er', sealing_key: sealingKey }]);
  expect(await site.directories.version()).toBe(before + 1);
  const changes = await site.store.db.selectFrom('server_events').select(['actor', 'body']).where('type', '=', 'seat.changed').execute();
  expect(changes.map(({ actor, body }) => [actor, JSON.parse(body)])).toEqual([
    [workstationId, { from: { seat: 'Bay 4', ward: 'icu' }, to: { seat: 'Bay 9', ward: 'er' }, newSealingKey: true }],
  ]);
  await site.seats.revoke(workstationId);
  token = (await site.enrolments.makeToken({ seatName: 'Bay 1', wardId: 'icu', wardName: null, lifeMs: 60_000 })).token;
  await expect(site.enrolments.enrol(await request())).rejects.toMatchObject({ code: 'SERVER_SEAT_REVOKED' });
  const unspent = await site.store.db.selectFrom('enrolment_tokens').select('used_by').where('seat_name', '=', 'Bay 1').execute();
  expect(unspent).toEqual([{ used_by: null }]);
  expect(await seats()).toEqual([{ name: 'Bay 9', ward_id: 'er', sealing_key: sealingKey }]);
});

test('a certificate is renewed by the seat that has the present one; both hold, and after a revocation none does', async () => {
  const reply = await site.enrolments.enrol(await request());
  const read = (pem: string): { readonly fingerprintSha256: string; readonly until: number } => {
    const certificate = new X509Certificate(pem);
    return { fingerprintSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(), until: Date.parse(certificate.validTo) };
  };
  const { clientCertificate }: { clientCertificate: string } = JSON.parse(Buffer.from(reply.envelope.payload, 'base64').toString('utf8'));
  const first = read(clientCertificate);
  let peer: PeerCertificate = { workstationId, ...first };
  const app = await createSeatsApp(site, null, () => peer);
  const renew = async (): Promise<{ statusCode: number; json(): { clientCertificate: string; code: string } }> =>
    app.inject({ method: 'POST', url: seatPaths.renew, payload: { csr: await otherCsr() } });
  const answer = await renew();
  expect(answer.statusCode).toBe(200);
  const second = read(answer.json().clientCertificate);
  expect(second.fingerprintSha256).not.toBe(first.fingerprintSha256);
  expect(second.until - Date.now()).toBeGreaterThan(60 * 86_400_000);
  for (const one of [first, second]) {
    peer = { workstationId, ...one };
    expect((await renew()).statusCode).toBe(200);
  }
  peer = { workstationId, fingerprintSha256: 'f'.repeat(64), until: second.until };
  expect((await renew()).statusCode).toBe(401);
  await site.seats.revoke(workstationId);
  for (const one of [first, second]) {
    peer = { workstationId, ...one };
    const refused = await renew();
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'SERVER_SEAT_REVOKED']);
  }
  await app.close();
});

test('a certificate that a restore took from the database opens its own renewal, nothing else, and only where it is of that time', async () => {
  await site.enrolments.enrol(await request());
  const { db } = site.store;
  const [DAY_MS, NOW] = [86_400_000, Date.now()];
  const iso = (daysAgo: number): string => new Date(NOW - daysAgo * DAY_MS).toISOString();
  let peer: PeerCertificate = { workstationId, fingerprintSha256: '', until: 0 };
  const app = await createSeatsApp(site, null, () => peer);
  const asked = async (daysAgo: number, url: string = seatPaths.renew): Promise<number> => {
    peer = { workstationId, fingerprintSha256: 'f'.repeat(64), until: NOW + (SEAT_CERTIFICATE_DAYS - daysAgo) * DAY_MS };
    if (url !== seatPaths.renew) return (await app.inject({ method: 'GET', url })).statusCode;
    return (await app.inject({ method: 'POST', url, payload: { csr: await otherCsr() } })).statusCode;
  };
  expect(await asked(15)).toBe(401);
  await noteRestore(db, { at: iso(10), backup: iso(20), engine: 'sqlite' });
  // A second one, of a backup that knows of the first.
  await noteRestore(db, { at: iso(1), backup: iso(3), engine: 'sqlite' });
  for (const days of [25, 5, 0]) expect(await asked(days)).toBe(401);
  expect(await asked(15, `${seatPaths.updates}?policy=0&directory=0&wait=0`)).toBe(401);
  for (const days of [15, 2]) expect(await asked(days)).toBe(200);
  const told = await site.log.read({ type: 'seat.renewed', actor: workstationId, from: null, to: null, limit: 9 });
  expect(told.events.map(({ body }) => body['lost'])).toEqual([true, true]);
  await site.seats.revoke(workstationId);
  expect(await asked(15)).toBe(403);
  await app.close();
});
