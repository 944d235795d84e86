/**
 * The syncer's own secrets: its TLS key and certificate and the one server that it talks to, in one file of its own folder,
 * replaced as a whole. No other key of a seat is ever in this process.
 */
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WorkstationId } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { makeStateFolder, readIfThere, replaceFile } from '../../crypto/secret-files.ts';
import { tlsKeyAlgorithm, x509 } from '../../crypto/x509.ts';

const SyncerIdentity = Type.Object(
  {
    schema: Type.Literal('wardlock-syncer/1'),
    server: Type.String({ maxLength: 300 }),
    workstationId: WorkstationId,
    ca: Type.String(),
    key: Type.String(),
    certificate: Type.String(),
  },
  { additionalProperties: false },
);
export type SyncerIdentity = Static<typeof SyncerIdentity>;

export interface KeyRequest {
  readonly keyPem: string;
  readonly spkiSha256: string;
  /** PKCS #10, DER. */
  readonly csr: Buffer;
}

const FILE = 'identity.json';

export function readIdentity(folder: string): SyncerIdentity | null {
  makeStateFolder(folder);
  const bytes = readIfThere(join(folder, FILE));
  if (bytes === null) return null;
  const identity: unknown = JSON.parse(bytes.toString('utf8'));
  if (!Value.Check(SyncerIdentity, identity))
    throw new WardlockError('START_STATE_FOREIGN', `${join(folder, FILE)} is not a syncer's identity.`);
  return identity;
}

export function writeIdentity(folder: string, identity: SyncerIdentity): void {
  makeStateFolder(folder);
  replaceFile(join(folder, FILE), Buffer.from(JSON.stringify(identity)));
}

export function dropIdentity(folder: string): void {
  unlinkSync(join(folder, FILE));
}

/** A fresh P-256 key and the request that a CA certifies it by. */
export async function newKeyRequest(): Promise<KeyRequest> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const keys = {
    privateKey: await globalThis.crypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      tlsKeyAlgorithm,
      false,
      ['sign'],
    ),
    publicKey: await globalThis.crypto.subtle.importKey('spki', spki, tlsKeyAlgorithm, true, ['verify']),
  };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=wardlock-seat',
    keys,
    signingAlgorithm: tlsKeyAlgorithm,
  });
  return { keyPem, spkiSha256: createHash('sha256').update(spki).digest('hex'), csr: Buffer.from(request.rawData) };
}

/** Milliseconds since 1970 at which the certificate ends. */
export function endOf(certificatePem: string): number {
  return Date.parse(new X509Certificate(certificatePem).validTo);
}
