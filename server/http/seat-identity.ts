/**
 * Who is on the other end of a seat's connection: reads the certificate that TLS verified and looks the seat up, on every
 * request, so that a revocation and the end of a certificate hold at once, also on a connection that was opened before. It
 * must never take an identity from a header or a body.
 */

import { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { isLostByRestore } from '../services/restores.ts';
import { SEAT_CERTIFICATE_DAYS } from '../site/authority.ts';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';

/** What a client certificate that this site's CA signed says. Whether it has ended is judged at each request. */
export interface PeerCertificate {
  readonly workstationId: string;
  readonly fingerprintSha256: string;
  /** Milliseconds since 1970 at which it ends, or ended. */
  readonly until: number;
}

/** No certificate, or none that verifies: why, in a word of this file or of OpenSSL. */
export interface Stranger {
  readonly refused: string;
}

export type Peer = PeerCertificate | Stranger;
export type ReadPeer = (request: FastifyRequest) => Peer;

export interface Seat {
  readonly workstationId: string;
  readonly name: string;
  readonly wardId: string;
  readonly logKey: string;
  readonly sealingKey: Buffer;
  /** Milliseconds since 1970 at which the certificate of this request ends, or ended. */
  readonly certifiedUntil: number;
}

const DAY_MS = 86_400_000;
/** A seat that was away for longer is enrolled anew by somebody who stands before it. */
const RENEWABLE_AFTER_END_MS = 730 * DAY_MS;
const COMMON_NAME = /^CN=([0-9a-f]{32})$/m;
/** TLS web client authentication, RFC 5280 4.2.1.12. */
const CLIENT_USAGE = '1.3.6.1.5.5.7.3.2';
const EXPIRED = 'CERT_HAS_EXPIRED';
const LONGEST_REASON = 60;

/** Reads peers of this CA. A connection keeps its certificate: it is read at its first request. */
export function peersOf(authorityPem: string): ReadPeer {
  const authority = new X509Certificate(authorityPem);
  const peers = new WeakMap<TLSSocket, Peer>();
  return ({ raw: { socket } }) => {
    if (!(socket instanceof TLSSocket)) return { refused: 'NO_TLS' };
    let peer = peers.get(socket);
    if (peer === undefined) {
      peer = peerOf(socket, authority);
      peers.set(socket, peer);
    }
    return peer;
  };
}

function peerOf(socket: TLSSocket, authority: X509Certificate): Peer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { refused: 'NO_CLIENT_CERTIFICATE' };
  if (!socket.authorized) {
    // Node's types call it an error; it is OpenSSL's name for one.
    const reason: unknown = socket.authorizationError;
    const told = typeof reason === 'string' ? reason.slice(0, LONGEST_REASON) : 'CERT_REJECTED';
    if (told !== EXPIRED) return { refused: told };
    // OpenSSL goes on after a fault and tells the last one only: an end that has passed may hide a wrong signature.
    if (!issuedToClient(certificate, authority)) return { refused: 'CERT_UNVERIFIED' };
  }
  const workstationId = COMMON_NAME.exec(certificate.subject)?.[1];
  if (workstationId === undefined) return { refused: 'CERT_OF_NO_SEAT' };
  const fingerprintSha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return { workstationId, fingerprintSha256, until: certificate.validToDate.getTime() };
}

function issuedToClient(certificate: X509Certificate, authority: X509Certificate): boolean {
  return (
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    !certificate.ca &&
    // A certificate without the extension has none, whatever Node's types say: a set of nothing is empty.
    new Set(certificate.keyUsage).has(CLIENT_USAGE)
  );
}

/** The certificate in a query of its own inside: SQLite prepares a join of two given values anew at each call, which costs many times the look-up. */
const selectSeat = hotQuery({ workstationId: given.text(), fingerprintSha256: given.text() }, (db, { workstationId, fingerprintSha256 }) =>
  db
    .selectFrom('seats')
    .select(['workstation_id', 'name', 'ward_id', 'log_key', 'sealing_key', 'revoked_at'])
    .select((eb) =>
      eb
        .selectFrom('seat_certificates')
        .select('not_after')
        .where('workstation_id', '=', workstationId)
        .where('fingerprint_sha256', '=', fingerprintSha256)
        .as('not_after'),
    )
    .where('workstation_id', '=', workstationId),
);

/**
 * The seat of a certificate that still holds.
 * @throws WardlockError SERVER_SEAT_UNKNOWN, SERVER_SEAT_REVOKED, SERVER_SEAT_EXPIRED
 */
export async function identifySeat(db: Kysely<Tables>, peer: Peer, now: number): Promise<Seat> {
  const seat = await findSeat(db, peer, async () => false);
  if (seat.certifiedUntil <= now) throw new WardlockError('SERVER_SEAT_EXPIRED');
  return seat;
}

/**
 * The same where a new certificate is asked for: one that has ended is enough, so that a seat comes back after months, and one that this
 * database lost when it was restored. A seat keeps its newest only, so it would be locked out for good; only the authority makes one.
 * @throws WardlockError SERVER_SEAT_UNKNOWN, SERVER_SEAT_REVOKED, SERVER_SEAT_EXPIRED when it ended too long ago
 */
export async function identifyForRenewal(db: Kysely<Tables>, peer: Peer, now: number): Promise<Seat> {
  const seat = await findSeat(db, peer, ({ until }) => isLostByRestore(db, until - SEAT_CERTIFICATE_DAYS * DAY_MS));
  if (seat.certifiedUntil + RENEWABLE_AFTER_END_MS <= now) {
    throw new WardlockError('SERVER_SEAT_EXPIRED', 'The certificate of this seat ended more than two years ago. Enrol the seat again.');
  }
  return seat;
}

/** @param isLost whether a certificate that is not in the database was, once */
async function findSeat(db: Kysely<Tables>, peer: Peer, isLost: (peer: PeerCertificate) => Promise<boolean>): Promise<Seat> {
  if ('refused' in peer) throw new WardlockError('SERVER_SEAT_UNKNOWN');
  const [row] = (await selectSeat(db, peer)).rows;
  if (row === undefined) throw new WardlockError('SERVER_SEAT_UNKNOWN');
  if (row.not_after === null && !(await isLost(peer))) throw new WardlockError('SERVER_SEAT_UNKNOWN');
  if (row.revoked_at !== null) throw new WardlockError('SERVER_SEAT_REVOKED');
  return {
    workstationId: row.workstation_id,
    name: row.name,
    wardId: row.ward_id,
    logKey: row.log_key,
    sealingKey: Buffer.from(row.sealing_key, 'base64'),
    certifiedUntil: row.not_after ?? peer.until,
  };
}
