/**
 * The site's certificate authority: one P-256 key that certifies this site's servers and seats and nothing else. It never
 * leaves this object; the token that enrols a seat carries its fingerprint. Its certificate is made anew before it ends, by the
 * same key and under the same name, so what was certified before holds under the later one as well.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';
import { authorityEnd, laterAuthority } from '../../crypto/authority.ts';
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
  /** The present one: read it where it is used, a later one may have come. */
  readonly certificatePem: string;
  readonly certificateDer: Buffer;
  /** Milliseconds since 1970 at which the present certificate ends. */
  readonly end: number;
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
  /** A later certificate of this authority, as PEM. It is in force nowhere yet. */
  successor(now: number): Promise<string>;
  /**
   * Puts a later certificate into the file and then in force; one that is not later changes nothing.
   * @throws WardlockError ENROL_AUTHORITY_FOREIGN
   */
  adopt(pem: string, now: number): void;
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
  const name = `CN=Wardlock site authority ${tenant}`;
  const root = present === null ? await selfSign(keys, name, now) : new x509.X509Certificate(present.toString('utf8'));
  if (present === null) writeCertificate(folder, pemOf(root));
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

function writeCertificate(folder: string, pem: string): void {
  replaceFile(join(folder, 'ca.pem'), Buffer.from(pem));
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function build(folder: string, root: x509.X509Certificate, { keys, keyObject }: AuthorityKeys): Authority {
  let present = { pem: pemOf(root), der: Buffer.from(root.rawData) };
  const issue = (leaf: Leaf): Promise<x509.X509Certificate> =>
    x509.X509CertificateGenerator.create({
      ...leaf,
      serialNumber: newSerial(),
      issuer: root.subject,
      signingKey: keys.privateKey,
      signingAlgorithm: tlsKeyAlgorithm,
    });
  return {
    get certificatePem() {
      return present.pem;
    },
    get certificateDer() {
      return present.der;
    },
    get end() {
      return authorityEnd(present.pem);
    },
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
      const kept = readIdentity(path, { hosts, authorityPem: present.pem, now });
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
      const identity = { key, certificate: `${pemOf(certificate)}${present.pem}` };
      replaceFile(path, Buffer.from(JSON.stringify({ ...identity, hosts })));
      return identity;
    },
    successor: async (now) => pemOf(await selfSign(keys, root.subject, now)),
    adopt: (pem, now) => {
      const later = laterAuthority(present.pem, pem, now);
      if (later === null) return;
      writeCertificate(folder, later);
      present = { pem: later, der: Buffer.from(new x509.X509Certificate(later).rawData) };
    },
  };
}

const KeptIdentity = Type.Object({ key: Type.String(), certificate: Type.String(), hosts: Type.Array(Type.String()) });

interface IdentityWanted {
  readonly hosts: readonly string[];
  /** What the chain must end with: seats read the authority from it when they enrol. */
  readonly authorityPem: string;
  readonly now: number;
}

function readIdentity(path: string, { hosts, authorityPem, now }: IdentityWanted): TlsIdentity | null {
  const text = readIfThere(path)?.toString('utf8');
  if (text === undefined) return null;
  const kept = Value.Parse(KeptIdentity, JSON.parse(text));
  const left = new x509.X509Certificate(kept.certificate).notAfter.getTime() - now;
  const same = kept.hosts.join('\n') === hosts.join('\n') && kept.certificate.endsWith(authorityPem);
  return same && left > RENEW_BEFORE_DAYS * DAY_MS ? { key: kept.key, certificate: kept.certificate } : null;
}

function selfSign(keys: webcrypto.CryptoKeyPair, name: string, now: number): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name,
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
