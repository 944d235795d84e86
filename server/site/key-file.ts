/**
 * Key files that people keep: the policy author's signing key, the reader's and the escrow's opening keys. Private parts
 * are written once with mode 0600 and never leave the machine; FILE.pub is what others get.
 */
import { readFileSync, rmSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { writeNewFile } from './new-file.ts';

const OWNER_ONLY = 0o600;
const EVERYBODY = 0o644;
const KEY_BYTES = 32;
const Key32 = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });

const Kind = Type.Union([Type.Literal('policy'), Type.Literal('reader'), Type.Literal('escrow')]);
export type KeyKind = Static<typeof Kind>;

/** `policy`: Ed25519 seed. `reader`, `escrow`: X25519 private key for HPKE. */
const PrivateKeyFile = Type.Object(
  { schema: Type.Literal('wardlock-private-key/1'), kind: Kind, privateKey: Key32, publicKey: Key32 },
  { additionalProperties: false },
);
const PublicKeyFile = Type.Object(
  { schema: Type.Literal('wardlock-public-key/1'), kind: Kind, publicKey: Key32 },
  { additionalProperties: false },
);

/** Makes a key pair: `path` gets the private part, `path.pub` the public one. Files that exist are never overwritten. */
export function makeKeyFiles(crypto: AuditCrypto, kind: KeyKind, path: string): { readonly publicKey: string } {
  const secret = crypto.random(KEY_BYTES);
  const publicKey = Buffer.from(kind === 'policy' ? crypto.signer(secret).publicKey : crypto.hpkePublicKey(secret)).toString('base64');
  const privateKey = Buffer.from(secret).toString('base64');
  write(path, { schema: 'wardlock-private-key/1', kind, privateKey, publicKey }, OWNER_ONLY);
  try {
    write(`${path}.pub`, { schema: 'wardlock-public-key/1', kind, publicKey }, EVERYBODY);
  } catch (failure) {
    // A private key that nobody knows of would lie about, and be in the way of the next try.
    rmSync(path, { force: true });
    throw failure;
  }
  return { publicKey };
}

export function readPrivateKey(path: string, kinds: readonly KeyKind[]): Buffer {
  const file = read(path);
  if (Value.Check(PublicKeyFile, file) && kinds.includes(file.kind)) {
    const kept = path.endsWith('.pub') ? `, such as ${path.slice(0, -'.pub'.length)}` : '';
    throw new WardlockError(
      'START_USAGE',
      `${path} is the public part of a key, and the private one is needed here. Name its file${kept}.`,
    );
  }
  if (!Value.Check(PrivateKeyFile, file) || !kinds.includes(file.kind)) throw unsuitable(path, kinds);
  return Buffer.from(file.privateKey, 'base64');
}

/** Takes the .pub file alone: whoever needs only that has no use for the private key on this machine. */
export function readPublicKey(path: string, kinds: readonly KeyKind[]): Buffer {
  const file = read(path);
  if (Value.Check(PrivateKeyFile, file)) {
    throw new WardlockError(
      'START_USAGE',
      `${path} is a private key, and only the public one is needed here. Name ${path}.pub, and keep the private key where it is used.`,
    );
  }
  if (!Value.Check(PublicKeyFile, file) || !kinds.includes(file.kind)) throw unsuitable(path, kinds);
  return Buffer.from(file.publicKey, 'base64');
}

/** Takes the .pub file, or the private one, whose public part it reads. */
export function readPublicPart(path: string, kinds: readonly KeyKind[]): Buffer {
  const file = read(path);
  const fits = Value.Check(PublicKeyFile, file) || Value.Check(PrivateKeyFile, file);
  if (!fits || !kinds.includes(file.kind)) throw unsuitable(path, kinds);
  return Buffer.from(file.publicKey, 'base64');
}

function write(path: string, value: Static<typeof PrivateKeyFile> | Static<typeof PublicKeyFile>, mode: number): void {
  writeNewFile(path, `${JSON.stringify(value, null, 2)}\n`, { what: 'a key', mode });
}

/** What stands in the file; `undefined` when that is no JSON, and so no key. */
function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw new WardlockError('START_USAGE', `Cannot read the key file ${path}.`, { cause });
  }
}

function unsuitable(path: string, kinds: readonly KeyKind[]): WardlockError {
  return new WardlockError(
    'START_USAGE',
    `${path} is no ${kinds.join(' or ')} key file. Make one with: keys new ${kinds[0] ?? 'policy'} --out FILE`,
  );
}
