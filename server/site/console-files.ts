/**
 * The console's certificate and key as IT keeps them in two files. It reads them and says in plain words what is wrong; it
 * must never answer a pair that does not belong together.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WardlockError } from '../../core/errors/index.ts';
import type { TlsIdentity } from './authority.ts';

export interface ConsoleFiles {
  /** The chain, PEM, the console's own certificate first. */
  readonly certificate: string;
  readonly key: string;
}

/** @throws WardlockError START_USAGE */
export function readConsoleFiles(files: ConsoleFiles): TlsIdentity {
  const [certificate, key] = [read(files.certificate), read(files.key)];
  if (!certificateIn(certificate, files.certificate).checkPrivateKey(keyIn(key, files.key))) {
    throw wrong(`The key in ${files.key} does not belong to the first certificate in ${files.certificate}.`);
  }
  return { certificate, key };
}

function certificateIn(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw wrong(`${path} holds no certificate in PEM.`, cause);
  }
}

function keyIn(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw wrong(`${path} holds no private key in PEM, or one with a passphrase.`, cause);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw wrong(`Cannot read ${path}.`, cause);
  }
}

function wrong(sentence: string, cause?: unknown): WardlockError {
  return new WardlockError('START_USAGE', sentence, { cause });
}
