/** What is taken for a later certificate of an authority, and what never is. */
import { createPublicKey } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, openAuthority } from '../server/site/authority.ts';
import { authorityEnd, laterAuthority } from './authority.ts';
import { tlsKeyAlgorithm, x509 } from './x509.ts';

const DAY_MS = 86_400_000;
const MADE_AT = Date.UTC(2026, 0, 1);
const LATER = MADE_AT + 3000 * DAY_MS;

let folder: string;
let own: Authority;
let foreign: Authority;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-later-'));
  own = (await openAuthority(join(folder, 'own'), 'site', MADE_AT)).authority;
  foreign = (await openAuthority(join(folder, 'foreign'), 'site', MADE_AT)).authority;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A certificate under the authority's name, of one authority's key and signed by another's. */
async function mixed(of: string, signedBy: string): Promise<string> {
  const pem = (name: string): string => readFileSync(join(folder, name, 'ca.key'), 'utf8');
  const bytes = createPublicKey(pem(of)).export({ type: 'spki', format: 'der' });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '40',
    subject: 'CN=Wardlock site authority site',
    issuer: 'CN=Wardlock site authority site',
    notBefore: new Date(MADE_AT),
    notAfter: new Date(LATER + 3650 * DAY_MS),
    publicKey: await crypto.subtle.importKey('spki', bytes, tlsKeyAlgorithm, true, ['verify']),
    signingKey: await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem(signedBy)), tlsKeyAlgorithm, false, ['sign']),
    signingAlgorithm: tlsKeyAlgorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return certificate.toString('pem');
}

test('one of the same key and name that ends later is taken, and nothing that stands beside it', async () => {
  const successor = await own.successor(LATER);
  expect(authorityEnd(successor)).toBe(authorityEnd(own.certificatePem) + 3000 * DAY_MS);
  expect(laterAuthority(own.certificatePem, successor, LATER)).toBe(successor);
  expect(laterAuthority(own.certificatePem, `${successor}${foreign.certificatePem}`, LATER)).toBe(successor);
});

test('the same one, an earlier one, one that holds only later or no more: the present one stays', async () => {
  const successor = await own.successor(LATER);
  expect(laterAuthority(own.certificatePem, own.certificatePem, LATER)).toBeNull();
  expect(laterAuthority(successor, own.certificatePem, LATER)).toBeNull();
  expect(laterAuthority(own.certificatePem, successor, LATER - DAY_MS)).toBeNull();
  expect(laterAuthority(own.certificatePem, successor, authorityEnd(successor))).toBeNull();
});

describe('refused', () => {
  const cases: readonly (readonly [string, () => Promise<string>])[] = [
    ['another key under the same name', () => foreign.successor(LATER)],
    [
      'another key under the same name, first in a text with a right one',
      async () => foreign.successor(LATER).then(async (pem) => pem + (await own.successor(LATER))),
    ],
    ['another key that the authority signed', () => mixed('foreign', 'own')],
    ['its own key, signed by another', () => mixed('own', 'foreign')],
    [
      'its own key under another name',
      async () => {
        await mkdir(join(folder, 'renamed'));
        copyFileSync(join(folder, 'own', 'ca.key'), join(folder, 'renamed', 'ca.key'));
        return (await openAuthority(join(folder, 'renamed'), 'other', LATER)).authority.certificatePem;
      },
    ],
    ['a certificate of a server', async () => (await own.serverIdentity('x', ['localhost'], LATER)).certificate],
    ['no certificate', async () => 'Smith^Anna'],
    ['nothing', async () => ''],
  ];
  test.each(cases)('%s', async (_what, offered) => {
    const pem = await offered();
    expect(() => laterAuthority(own.certificatePem, pem, LATER)).toThrow(expect.objectContaining({ code: 'ENROL_AUTHORITY_FOREIGN' }));
  });

  test('but not where key, name and signature are its own', async () => {
    expect(laterAuthority(own.certificatePem, await mixed('own', 'own'), LATER)).not.toBeNull();
  });
});
