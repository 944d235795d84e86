/**
 * Who is on the other end of a seat's connection: reads the certificate that TLS verified and looks the seat up, on every
 * request, so that a revocation holds at once. It must never take an identity from a header or a body.
 */

import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';

/** What a client certificate that this site's CA signed says. */
export interface PeerCertificate {
  readonly workstationId: string;
  readonly fingerprintSha256: string;
}

/** Null where there is no certificate, or none that verifies. */
export type ReadPeer = (request: FastifyRequest) => PeerCertificate | null;

export interface Seat {
  readonly workstationId: string;
  readonly name: string;
  readonly wardId: string;
  readonly logKey: string;
  readonly sealingKey: Buffer;
}

const COMMON_NAME = /^CN=([0-9a-f]{32})$/m;

/** A connection keeps its certificate: it is read at its first request. */
const peers = new WeakMap<TLSSocket, PeerCertificate | null>();

export const peerOfTls: ReadPeer = ({ raw: { socket } }) => {
  if (!(socket instanceof TLSSocket)) return null;
  let peer = peers.get(socket);
  if (peer === undefined) {
    peer = peerOf(socket);
    peers.set(socket, peer);
  }
  return peer;
};

function peerOf(socket: TLSSocket): PeerCertificate | null {
  if (!socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  const workstationId = certificate === undefined ? undefined : COMMON_NAME.exec(certificate.subject)?.[1];
  if (certificate === undefined || workstationId === undefined) return null;
  return { workstationId, fingerprintSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase() };
}

const selectSeat = hotQuery({ workstationId: given.text(), fingerprintSha256: given.text() }, (db, { workstationId, fingerprintSha256 }) =>
  db
    .selectFrom('seats')
    .innerJoin('seat_certificates', 'seat_certificates.workstation_id', 'seats.workstation_id')
    .select(['seats.workstation_id', 'seats.name', 'seats.ward_id', 'seats.log_key', 'seats.sealing_key', 'seats.revoked_at'])
    .where('seats.workstation_id', '=', workstationId)
    .where('seat_certificates.fingerprint_sha256', '=', fingerprintSha256),
);

/** @throws WardlockError SERVER_SEAT_UNKNOWN, SERVER_SEAT_REVOKED */
export async function identifySeat(db: Kysely<Tables>, peer: PeerCertificate | null): Promise<Seat> {
  if (peer === null) throw new WardlockError('SERVER_SEAT_UNKNOWN');
  const [row] = (await selectSeat(db, peer)).rows;
  if (row === undefined) throw new WardlockError('SERVER_SEAT_UNKNOWN');
  if (row.revoked_at !== null) throw new WardlockError('SERVER_SEAT_REVOKED');
  return {
    workstationId: row.workstation_id,
    name: row.name,
    wardId: row.ward_id,
    logKey: row.log_key,
    sealingKey: Buffer.from(row.sealing_key, 'base64'),
  };
}
