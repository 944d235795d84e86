/**
 * Enrolment: makes one-time tokens and turns a token with a machine's claim into a seat of this site. A token's secret is
 * kept as a hash, spent in the same transaction that makes the seat, and honoured again only for the very same claim key.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { Id, Label } from '../../contract/scalars.ts';
import { CLAIM_TYPE, ENROLMENT_TYPE, type Enrolment, EnrolmentClaim, type EnrolReply, type EnrolRequest } from '../../contract/seat-api.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { checkX25519PublicKey } from '../../core/audit/key-check.ts';
import { NOTE_ED25519, parseVerifierKey } from '../../core/audit/note.ts';
import { formatToken } from '../../core/enrolment/token.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { tokenId, tokenSecretHash, workstationIdOf } from '../../crypto/enrolment.ts';
import { x509 } from '../../crypto/x509.ts';
import type { Authority } from '../site/authority.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import type { Changes } from './changes.ts';
import type { Policies } from './policies.ts';
import { seatScope } from './scopes.ts';
import { isKnown, putCertificate, renewalWait } from './seat-certificates.ts';
import type { ServerLog } from './server-log.ts';
import { ID_RULE } from './staff-words.ts';
import { ensureWard } from './wards.ts';

const SECRET_BYTES = 10;

export interface NewToken {
  readonly seatName: string;
  readonly wardId: string;
  readonly wardName: string | null;
  readonly lifeMs: number;
}

/** What every seat is told about this site. */
export interface SiteTrust {
  readonly tenant: string;
  readonly directoryKey: Uint8Array;
  readonly witnessKey: string;
  readonly mirrorKey: string;
}

export interface Enrolments {
  /** The token is shown once; the database holds its hash. */
  makeToken(token: NewToken): Promise<{ readonly token: string; readonly id: string; readonly expiresAt: number }>;
  /** @throws WardlockError ENROL_TOKEN_EXPIRED, ENROL_CLAIM_INVALID, SERVER_POLICY_KEY_MISSING, SERVER_SEAT_REVOKED */
  enrol(request: EnrolRequest): Promise<EnrolReply>;
  /** Seconds that a seat must wait for another certificate; 0 when it need not. */
  renewalWait(workstationId: string): Promise<number>;
  /** A new certificate for a seat that is known by another one; both hold until they end. Answers PEM. */
  renew(renewal: Renewal): Promise<string>;
}

export interface Renewal {
  readonly workstationId: string;
  /** Fingerprint and end of the certificate that the seat showed. */
  readonly shown: { readonly fingerprintSha256: string; readonly until: number };
  /** PKCS #10, DER. */
  readonly csr: Buffer;
}

interface EnrolmentParts {
  readonly db: Kysely<Tables>;
  readonly authority: Authority;
  readonly crypto: AuditCrypto;
  readonly trust: SiteTrust;
  readonly policies: Policies;
  readonly changes: Changes;
  readonly log: ServerLog;
  readonly now: () => number;
}

export function openEnrolments(parts: EnrolmentParts): Enrolments {
  return {
    makeToken: (token) => makeToken(parts, token),
    enrol: (request) => enrol(parts, request),
    renewalWait: (id) => renewalWait(parts.db, id, parts.now()),
    renew: (renewal) => renew(parts, renewal),
  };
}

async function makeToken({ db, authority, log, now }: EnrolmentParts, wanted: NewToken): ReturnType<Enrolments['makeToken']> {
  if (!Value.Check(Label, wanted.seatName)) throw new WardlockError('START_USAGE', 'The name of a seat has 1 to 120 characters.');
  if (!Value.Check(Id, wanted.wardId))
    throw new WardlockError(
      'START_USAGE',
      `"${wanted.wardId}" is no id of a ward. It must be ${ID_RULE}. How people call it: --ward-name NAME.`,
    );
  if (wanted.wardName !== null && !Value.Check(Label, wanted.wardName))
    throw new WardlockError('START_USAGE', 'The name of a ward has 1 to 120 characters.');
  const token = formatToken(randomBytes(SECRET_BYTES), authority.spkiSha256);
  const secret = token.replaceAll('-', '').slice(0, 16);
  const row = {
    id: tokenId(secret),
    secret_sha256: tokenSecretHash(secret),
    seat_name: wanted.seatName,
    ward_id: wanted.wardId,
    created_at: now(),
    expires_at: now() + wanted.lifeMs,
    used_at: null,
    used_by: null,
  };
  await db.transaction().execute(async (transaction) => {
    await ensureWard(transaction, wanted.wardId, wanted.wardName);
    await transaction.insertInto('enrolment_tokens').values(row).execute();
    await log.append({ type: 'token.made', actor: 'cli', body: { id: row.id, seat: row.seat_name, ward: row.ward_id } }, transaction);
  });
  return { token, id: row.id, expiresAt: row.expires_at };
}

async function enrol(parts: EnrolmentParts, request: EnrolRequest): Promise<EnrolReply> {
  const { db, authority, trust, now } = parts;
  const policyKeys = await parts.policies.keys();
  if (policyKeys.length === 0) throw new WardlockError('SERVER_POLICY_KEY_MISSING');
  const offered = await findToken(db, request.secret, now());
  const checked = await checkClaim(parts.crypto, request);
  const { workstationId } = checked;
  // Before the CA signs anything; the transaction below looks again.
  if (offered.used_by !== null && offered.used_by !== workstationId) throw new WardlockError('ENROL_TOKEN_EXPIRED');
  await refuseRevoked(db, workstationId);
  const certificate = await authority.certifySeat({ publicKeySpki: checked.tlsSpki, tenant: trust.tenant, workstationId, now: now() });
  const seat = await db.transaction().execute(async (transaction) => {
    await refuseRevoked(transaction, workstationId);
    const token = await spend(transaction, request.secret, { workstationId, now: now() });
    const row = await putSeat(parts, transaction, { ...checked, token });
    await putCertificate(transaction, workstationId, { ...certificate, issuedAt: now() }, null);
    await parts.log.append({ type: 'seat.enrolled', actor: workstationId, body: { token: token.id, seat: row.name } }, transaction);
    return row;
  });
  parts.changes.wake();
  const ward = await db.selectFrom('wards').selectAll().where('id', '=', seat.ward_id).executeTakeFirstOrThrow();
  return signReply(authority, {
    schema: 'wardlock-enrolment/1',
    claimSha256: checked.claimSha256,
    tenant: trust.tenant,
    workstationId,
    seatName: seat.name,
    ward: { id: ward.id, name: ward.name },
    enrolledAt: new Date(Number(seat.enrolled_at)).toISOString(),
    policyKeys: policyKeys.map((key) => key.toString('base64')),
    directoryKey: Buffer.from(trust.directoryKey).toString('base64'),
    witnessKey: trust.witnessKey,
    mirrorKey: trust.mirrorKey,
    ca: authority.certificatePem,
    clientCertificate: certificate.pem,
  });
}

async function renew({ db, authority, trust, log, now }: EnrolmentParts, { workstationId, shown, csr }: Renewal): Promise<string> {
  const publicKeySpki = await requestedKey(csr).catch((cause: unknown) => {
    throw new WardlockError('ENROL_CLAIM_INVALID', 'The request for a certificate is not valid.', { cause });
  });
  const certificate = await authority.certifySeat({ publicKeySpki, tenant: trust.tenant, workstationId, now: now() });
  await db.transaction().execute(async (transaction) => {
    const lost = !(await isKnown(transaction, workstationId, shown.fingerprintSha256));
    await putCertificate(transaction, workstationId, { ...certificate, issuedAt: now() }, shown.fingerprintSha256);
    const facts = { fingerprint: certificate.fingerprintSha256, shown: shown.fingerprintSha256, ended: shown.until <= now() };
    const body = lost ? { ...facts, lost } : facts;
    await log.append({ type: 'seat.renewed', actor: workstationId, body }, transaction);
  });
  return certificate.pem;
}

interface CheckedClaim {
  readonly claim: EnrolmentClaim;
  readonly claimSha256: string;
  readonly workstationId: string;
  readonly tlsSpki: Buffer;
}

/** Every key is checked here, before anything is stored: signature, canonical form, curve, order, and that all belong together. */
async function checkClaim(crypto: AuditCrypto, request: EnrolRequest): Promise<CheckedClaim> {
  try {
    const bytes = Buffer.from(request.claim, 'base64');
    const claim: unknown = JSON.parse(bytes.toString('utf8'));
    if (!Value.Check(EnrolmentClaim, claim)) throw new WardlockError('ENROL_CLAIM_INVALID');
    const logKey = parseVerifierKey(crypto, claim.logKey);
    checkX25519PublicKey(Buffer.from(claim.sealingKey, 'base64'));
    const tlsSpki = await requestedKey(Buffer.from(request.csr, 'base64'));
    const signed = preAuthenticationEncoding(CLAIM_TYPE, bytes);
    const together =
      logKey.type === NOTE_ED25519 &&
      logKey.verifier.verify(signed, Buffer.from(request.signature, 'base64')) &&
      bytes.toString('utf8') === canonicalJson(claim) &&
      claim.tokenId === tokenId(request.secret) &&
      claim.tlsKeySha256 === createHash('sha256').update(tlsSpki).digest('hex');
    if (!together) throw new WardlockError('ENROL_CLAIM_INVALID');
    const claimSha256 = createHash('sha256').update(bytes).digest('hex');
    return { claim, claimSha256, workstationId: workstationIdOf(logKey.publicKey), tlsSpki };
  } catch (cause) {
    throw new WardlockError('ENROL_CLAIM_INVALID', undefined, { cause });
  }
}

/** WebCrypto's words for the one kind of key that a seat may have. */
const P256 = Type.Object({ name: Type.Literal('ECDSA'), namedCurve: Type.Literal('P-256') });

async function requestedKey(der: Buffer): Promise<Buffer> {
  const request = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
  const onP256 = Value.Check(P256, request.publicKey.algorithm);
  if (!onP256 || !(await request.verify())) throw new WardlockError('ENROL_CLAIM_INVALID');
  return Buffer.from(request.publicKey.rawData);
}

type TokenRow = Pick<Tables['enrolment_tokens'], 'id' | 'seat_name' | 'ward_id' | 'used_by'>;

/** A revocation is for good: the token stays unspent for the machine's new keys. */
async function refuseRevoked(db: Kysely<Tables>, workstationId: string): Promise<void> {
  const seat = await db.selectFrom('seats').select('revoked_at').where('workstation_id', '=', workstationId).executeTakeFirst();
  if (seat === undefined || seat.revoked_at === null) return;
  throw new WardlockError(
    'SERVER_SEAT_REVOKED',
    'This seat was revoked with its present keys. Set it up anew, then enrol it: the token is still good.',
  );
}

/** Unknown, expired and used are one answer: whoever guesses learns nothing. @throws WardlockError ENROL_TOKEN_EXPIRED */
async function findToken(db: Kysely<Tables>, secret: string, now: number): Promise<TokenRow> {
  const found = await db.selectFrom('enrolment_tokens').selectAll().where('id', '=', tokenId(secret)).executeTakeFirst();
  if (found === undefined || found.secret_sha256 !== tokenSecretHash(secret) || Number(found.expires_at) <= now) {
    throw new WardlockError('ENROL_TOKEN_EXPIRED');
  }
  return found;
}

/** The token as it was before. A lost reply may be asked for again. */
async function spend(db: Kysely<Tables>, secret: string, by: { workstationId: string; now: number }): Promise<TokenRow> {
  const found = await findToken(db, secret, by.now);
  const taken = await db
    .updateTable('enrolment_tokens')
    .set({ used_at: by.now, used_by: by.workstationId })
    .where('id', '=', found.id)
    .where((eb) => eb.or([eb('used_by', 'is', null), eb('used_by', '=', by.workstationId)]))
    .executeTakeFirst();
  if (taken.numUpdatedRows !== 1n) throw new WardlockError('ENROL_TOKEN_EXPIRED');
  return found;
}

interface SeatToPut extends CheckedClaim {
  readonly token: TokenRow;
}

/** Makes the seat, or moves the one that is known to what a new token says. */
async function putSeat(parts: EnrolmentParts, db: Kysely<Tables>, seat: SeatToPut): Promise<Tables['seats']> {
  const { now } = parts;
  const { claim, workstationId, token } = seat;
  const known = await db.selectFrom('seats').selectAll().where('workstation_id', '=', workstationId).executeTakeFirst();
  const twin = await db
    .selectFrom('seats')
    .select(['workstation_id', 'name'])
    .where('machine_id_sha256', '=', claim.machineIdSha256)
    .where('workstation_id', '!=', workstationId)
    .where('revoked_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (twin !== undefined) {
    const detail = `The machine of ${token.seat_name} is enrolled as ${twin.name} already: enrolled again, or a cloned image. Revoke the one that is gone.`;
    await raiseAlarm(db, { workstationId, kind: 'SEAT_MACHINE_TWICE', detail, at: now() });
  }
  // A token that this seat has used already asks for a lost reply and changes nothing.
  if (known !== undefined) return token.used_by === workstationId ? known : moveSeat(parts, db, { known, token, claim });
  return db
    .insertInto('seats')
    .values({
      workstation_id: workstationId,
      name: token.seat_name,
      ward_id: token.ward_id,
      enrolled_at: now(),
      log_key: claim.logKey,
      sealing_key: claim.sealingKey,
      machine_id_sha256: claim.machineIdSha256,
      os: canonicalJson(claim.os),
      revoked_at: null,
      last_seen_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

interface Move {
  readonly known: Tables['seats'];
  readonly token: TokenRow;
  readonly claim: EnrolmentClaim;
}

/** The seat goes on under another name, in another ward or with another sealing key, and gets its staff anew. */
async function moveSeat({ changes, log }: EnrolmentParts, db: Kysely<Tables>, { known, token, claim }: Move): Promise<Tables['seats']> {
  const changed = { name: token.seat_name, ward_id: token.ward_id, sealing_key: claim.sealingKey };
  const newKey = known.sealing_key !== claim.sealingKey;
  if (known.name === changed.name && known.ward_id === changed.ward_id && !newKey) return known;
  await db.updateTable('seats').set(changed).where('workstation_id', '=', known.workstation_id).execute();
  await changes.staffMoved(db, new Set([seatScope(known.workstation_id)]));
  const body = {
    from: { seat: known.name, ward: known.ward_id },
    to: { seat: changed.name, ward: changed.ward_id },
    newSealingKey: newKey,
  };
  await log.append({ type: 'seat.changed', actor: known.workstation_id, body }, db);
  return { ...known, ...changed };
}

function signReply(authority: Authority, enrolment: Enrolment): EnrolReply {
  const payload = Buffer.from(JSON.stringify(enrolment));
  const sig = authority.sign(preAuthenticationEncoding(ENROLMENT_TYPE, payload)).toString('base64');
  const envelope = {
    payloadType: ENROLMENT_TYPE,
    payload: payload.toString('base64'),
    signatures: [{ keyid: authority.spkiSha256.toString('hex'), sig }],
  };
  return { envelope, ca: authority.certificateDer.toString('base64') };
}
