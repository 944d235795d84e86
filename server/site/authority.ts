/**
 * The site's certificate authority: one P-256 root that certifies this site's servers and seats and nothing else. Its
 * key never leaves this object; the token that enrols a seat carries its fingerprint.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';
import { makeStateFolder, readIfThere, readOrMake, replaceFile } from '../../crypto/secret-files.ts';
import { tlsKeyAlgorithm, x509 } from '../../crypto/x509.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 365;
export const SEAT_CERTIFICATE_DAYS = 90;
/** A server certificate is made anew when less than this is left. */
const RENEW_BEFORE_DAYS = 30;
/** Clocks of seats may be behind by this much. */
const BACKDATE_MS = 3_600_000;
const SERIAL_BYTES = 16;

export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
}

export interface SeatCertificate {
  readonly pem: string;
  readonly fingerprintSha256: string;
  readonly notAfter: number;
}

export interface Authority {
  readonly certificatePem: string;
  readonly certificateDer: Buffer;
  /** SHA-256 of the SubjectPublicKeyInfo in DER. */
  readonly spkiSha256: Buffer;
  /** ECDSA P-256, SHA-256, as r||s of 64 bytes. */
  sign(bytes: Uint8Array): Buffer;
  /** Certifies the key of a checked request for one seat. Nothing but the key is taken from the request. */
  certifySeat(request: {
    readonly publicKeySpki: Buffer;
    readonly tenant: string;
    readonly workstationId: string;
    readonly now: number;
  }): Promise<SeatCertificate>;
  /** The identity of a listener for these names, kept in a file until it nears its end or the names change. */
  serverIdentity(name: string, hosts: readonly string[], now: number): Promise<TlsIdentity>;
}

/**
 * Opens the authority in `folder`, or makes it at first start; `made` says which. A key beside a certificate that is none of
 * its own would certify what no seat believes.
 * @throws WardlockError START_STATE_FOREIGN when only one of the two files is the site's
 */
export async function openAuthority(folder: string, tenant: string, now: number): Promise<{ authority: Authority; made: boolean }> {
  makeStateFolder(folder);
  // The certificate first: whoever makes both writes it last.
  const present = readIfThere(join(folder, 'ca.pem'));
  const made = readIfThere(join(folder, 'ca.key')) === null;
  if (made && present !== null) throw incomplete(folder);
  const fresh = made ? await newKeyPem() : '';
  const keyPem = readOrMake(join(folder, 'ca.key'), () => Buffer.from(fresh)).toString('utf8');
  const keys = await importKeys(keyPem);
  const root = present === null ? await selfSign(keys, tenant, now) : new x509.X509Certificate(present.toString('utf8'));
  if (present === null) replaceFile(join(folder, 'ca.pem'), Buffer.from(`${root.toString('pem')}\n`));
  const own = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  if (!own.equals(Buffer.from(root.publicKey.rawData))) throw incomplete(folder);
  return { authority: build(folder, root, { keys, keyObject: createPrivateKey(keyPem) }), made };
}

function incomplete(folder: string): WardlockError {
  return new WardlockError(
    'START_STATE_FOREIGN',
    `${folder} has a ca.pem without its ca.key. Copy the key files of the site there, then start again.`,
  );
}

interface Leaf {
  readonly subject: string;
  readonly publicKey: webcrypto.CryptoKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: x509.Extension[];
}

interface AuthorityKeys {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly keyObject: KeyObject;
}

function build(folder: string, root: x509.X509Certificate, { keys, keyObject }: AuthorityKeys): Authority {
  const certificatePem = `${root.toString('pem')}\n`;
  const issue = (leaf: Leaf): Promise<x509.X509Certificate> =>
    x509.X509CertificateGenerator.create({
      ...leaf,
      serialNumber: newSerial(),
      issuer: root.subject,
      signingKey: keys.privateKey,
      signingAlgorithm: tlsKeyAlgorithm,
    });
  return {
    certificatePem,
    certificateDer: Buffer.from(root.rawData),
    spkiSha256: createHash('sha256').update(Buffer.from(root.publicKey.rawData)).digest(),
    sign: (bytes) => sign('sha256', bytes, { key: keyObject, dsaEncoding: 'ieee-p1363' }),
    certifySeat: async ({ publicKeySpki, tenant, workstationId, now }) => {
      const publicKey = await webcrypto.subtle.importKey('spki', publicKeySpki, tlsKeyAlgorithm, true, ['verify']);
      const notAfter = now + SEAT_CERTIFICATE_DAYS * DAY_MS;
      const certificate = await issue({
        subject: `CN=${workstationId}`,
        publicKey,
        notBefore: new Date(now - BACKDATE_MS),
        notAfter: new Date(notAfter),
        extensions: leafExtensions('1.3.6.1.5.5.7.3.2', [{ type: 'url', value: `urn:wardlock:${tenant}:seat:${workstationId}` }]),
      });
      return { pem: `${certificate.toString('pem')}\n`, fingerprintSha256: fingerprint(certificate), notAfter };
    },
    serverIdentity: async (name, hosts, now) => {
      const path = join(folder, `${name}.tls.json`);
      const kept = readIdentity(path, hosts, now);
      if (kept !== null) return kept;
      const key = await newKeyPem();
      const certificate = await issue({
        subject: `CN=${hosts[0] ?? name}`,
        publicKey: (await importKeys(key)).publicKey,
        notBefore: new Date(now - BACKDATE_MS),
        notAfter: new Date(now + SERVER_DAYS * DAY_MS),
        extensions: leafExtensions(
          '1.3.6.1.5.5.7.3.1',
          hosts.map((host) => ({ type: isIP(host) ? 'ip' : 'dns', value: host })),
        ),
      });
      const identity = { key, certificate: `${certificate.toString('pem')}\n${certificatePem}` };
      replaceFile(path, Buffer.from(JSON.stringify({ ...identity, hosts })));
      return identity;
    },
  };
}

const KeptIdentity = Type.Object({ key: Type.String(), certificate: Type.String(), hosts: Type.Array(Type.String()) });

function readIdentity(path: string, hosts: readonly string[], now: number): TlsIdentity | null {
  const text = readIfThere(path)?.toString('utf8');
  if (text === undefined) return null;
  const kept = Value.Parse(KeptIdentity, JSON.parse(text));
  const left = new x509.X509Certificate(kept.certificate).notAfter.getTime() - now;
  const same = kept.hosts.join('\n') === hosts.join('\n');
  return same && left > RENEW_BEFORE_DAYS * DAY_MS ? { key: kept.key, certificate: kept.certificate } : null;
}

function selfSign(keys: webcrypto.CryptoKeyPair, tenant: string, now: number): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Wardlock site authority ${tenant}`,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: tlsKeyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
}

function leafExtensions(usage: string, names: x509.JsonGeneralNames): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
    new x509.SubjectAlternativeNameExtension(names),
  ];
}

/** 127 random bits: positive, as RFC 5280 4.1.2.2 asks. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function fingerprint(certificate: x509.X509Certificate): string {
  return createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex');
}

async function newKeyPem(): Promise<string> {
  const pair = await webcrypto.subtle.generateKey(tlsKeyAlgorithm, true, ['sign', 'verify']);
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY');
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), tlsKeyAlgorithm, true, ['sign']);
  const { crv, kty, x, y } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const point = Object.fromEntries(Object.entries({ crv, kty, x, y }).filter(([, value]) => value !== undefined));
  return { privateKey, publicKey: await webcrypto.subtle.importKey('jwk', point, tlsKeyAlgorithm, true, ['verify']) };
}
