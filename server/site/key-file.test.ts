import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { makeKeyFiles, readPrivateKey, readPublicKey } from './key-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlock-key-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('both parts are read as what they are', () => {
  const path = join(folder, 'reader.key');
  const { publicKey } = makeKeyFiles(nodeCrypto, 'reader', path);
  expect(readPublicKey(`${path}.pub`, ['reader']).toString('base64')).toBe(publicKey);
  expect(readPrivateKey(path, ['reader'])).toHaveLength(32);
});

test('the public part in the place of the private one is told as that: nobody makes a new key that the site does not know', () => {
  const path = join(folder, 'reader.key');
  makeKeyFiles(nodeCrypto, 'reader', path);
  expect(() => readPrivateKey(`${path}.pub`, ['reader'])).toThrow(
    `${path}.pub is the public part of a key, and the private one is needed here. Name its file, such as ${path}.`,
  );
  expect(() => readPrivateKey(`${path}.pub`, ['escrow'])).toThrow('is no escrow key file');
});

test('a private part whose public one can not be written does not stay, and nothing is written over', () => {
  const path = join(folder, 'reader.key');
  writeFileSync(`${path}.pub`, 'of another key');
  expect(() => makeKeyFiles(nodeCrypto, 'reader', path)).toThrow(
    `Cannot write ${path}.pub. It exists already, and a key is never overwritten.`,
  );
  expect(readdirSync(folder)).toEqual(['reader.key.pub']);
  expect(readFileSync(`${path}.pub`, 'utf8')).toBe('of another key');
});
