/**
 * A simulated seat: its own keys, its own TLS connection and real wire bytes, but no screen and no store. For load and for
 * tests of the server; it never runs on a real workstation.
 */
import { hash } from 'node:crypto';
import { Value } from 'typebox/value';
import { findAuthority } from '../../agent/syncer/authority.ts';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import {
  type ClientIdentity,
  jsonBody,
  openSeatClient,
  readAnswer,
  type SeatAnswer,
  type SeatClient,
} from '../../agent/syncer/seat-client.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { BATCH_BYTES, CLAIM_TYPE, Enrolment, EnrolReply, seatPaths } from '../../contract/seat-api.ts';
import type { Signer } from '../../core/audit/index.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { SimLog, SimRun } from './log.ts';
import { type SimRecipients, SimRecord } from './record.ts';

const SEED_BYTES = 32;

interface EnrolledSim {
  readonly enrolment: Enrolment;
  readonly sealingSeed: Uint8Array;
  readonly client: SeatClient;
  readonly identity: ClientIdentity;
}

export class SimSeat {
  readonly record: SimRecord;
  readonly enrolment: Enrolment;
  /** What is sealed to this seat opens with it. */
  readonly sealingSeed: Uint8Array;
  readonly client: SeatClient;
  readonly identity: ClientIdentity;

  constructor(record: SimRecord, { enrolment, sealingSeed, client, identity }: EnrolledSim) {
    this.record = record;
    this.enrolment = enrolment;
    this.sealingSeed = sealingSeed;
    this.client = client;
    this.identity = identity;
    record.newEpoch();
  }

  get workstationId(): string {
    return this.record.workstationId;
  }

  get incarnation(): string {
    return this.record.incarnation;
  }

  get size(): number {
    return this.record.size;
  }

  get log(): SimLog {
    return this.record.log;
  }

  /** Set to a log from before, it is a cloned or restored disk. */
  set log(log: SimLog) {
    this.record.log = log;
  }

  newEpoch(): void {
    this.record.newEpoch();
  }

  append(count: number, text?: (at: number) => string): void {
    this.record.append(count, text);
  }

  /** The batch from `start`, at most to the close of its epoch. */
  batch(start: number, most: number): SimRun {
    return this.log.run(start, { entries: most, bytes: BATCH_BYTES });
  }

  put({ start, ...upload }: SimRun, signal?: AbortSignal): Promise<SeatAnswer> {
    return this.client.call({
      method: 'PUT',
      path: `${seatPaths.entries}/${this.incarnation}/${start}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: encodeEntries(upload),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  anchor(oldSize: number): Promise<SeatAnswer> {
    return this.client.call({
      method: 'POST',
      path: seatPaths.addCheckpoint,
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(this.anchorBody(oldSize)),
    });
  }

  anchorBody(oldSize: number): string {
    return this.record.anchorBody(oldSize);
  }
}

interface ClaimParts {
  readonly signer: Signer;
  readonly claim: Buffer;
}

/** What an agent claims at its enrolment, and its signature over that. */
export function simClaim(
  record: SimRecord,
  named: { readonly tokenId: string; readonly tlsKeySha256: string; readonly sealingKey: string },
): ClaimParts {
  const claim = canonicalJson({
    schema: 'wardlock-enrolment-claim/1',
    ...named,
    logKey: record.vkey,
    machineIdSha256: hash('sha256', record.workstationId),
    os: { platform: 'linux', release: 'simulated', arch: 'x64' },
  });
  return { signer: record.signer, claim: Buffer.from(claim) };
}

export function signClaim({ signer, claim }: ClaimParts): string {
  return Buffer.from(signer.sign(preAuthenticationEncoding(CLAIM_TYPE, claim))).toString('base64');
}

/** Enrols a new simulated seat with a real token over a real connection. */
export async function enrolSimSeat(server: string, token: string, recipients: SimRecipients): Promise<SimSeat> {
  const parsed = parseToken(token);
  const ca = await findAuthority(new URL(server), parsed);
  const record = new SimRecord(recipients);
  const key = await newKeyRequest();
  const sealingSeed = nodeCrypto.random(SEED_BYTES);
  const sealingKey = Buffer.from(nodeCrypto.hpkePublicKey(sealingSeed)).toString('base64');
  const parts = simClaim(record, { tokenId: tokenId(parsed.secret), tlsKeySha256: key.spkiSha256, sealingKey });
  const body = {
    secret: parsed.secret,
    claim: parts.claim.toString('base64'),
    signature: signClaim(parts),
    csr: key.csr.toString('base64'),
  };
  const stranger = openSeatClient(server, ca, null);
  try {
    const reply = readAnswer(await stranger.call({ method: 'POST', path: seatPaths.enrol, ...jsonBody(body) }), EnrolReply);
    const enrolment: unknown = JSON.parse(Buffer.from(reply.envelope.payload, 'base64').toString('utf8'));
    if (!Value.Check(Enrolment, enrolment)) throw new WardlockError('ENROL_REPLY_INVALID');
    const identity = { key: key.keyPem, certificate: enrolment.clientCertificate };
    return new SimSeat(record, { enrolment, sealingSeed, identity, client: openSeatClient(server, ca, identity) });
  } finally {
    stranger.close();
  }
}
