/** A pair of files for the console: the one that fits is taken, every other is named in a sentence. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAuthority } from './authority.ts';
import { readConsoleFiles } from './console-files.ts';

test('a pair that fits is taken; what is missing, is no PEM or does not fit is refused by name', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-console-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { authority } = await openAuthority(join(folder, 'ca'), 'site', Date.now());
  const [one, two] = [await authority.serverIdentity('one', ['a'], Date.now()), await authority.serverIdentity('two', ['b'], Date.now())];
  const at = (name: string): string => join(folder, name);
  await writeFile(at('one.pem'), one.certificate);
  await writeFile(at('one.key'), one.key);
  await writeFile(at('two.key'), two.key);
  expect(readConsoleFiles({ certificate: at('one.pem'), key: at('one.key') })).toEqual(one);
  const refused = (certificate: string, key: string, sentence: string): void =>
    expect(() => readConsoleFiles({ certificate: at(certificate), key: at(key) })).toThrow(
      expect.objectContaining({ code: 'START_USAGE', message: sentence }),
    );
  refused('none.pem', 'one.key', `Cannot read ${at('none.pem')}.`);
  refused('one.pem', 'none.key', `Cannot read ${at('none.key')}.`);
  refused('one.key', 'one.key', `${at('one.key')} holds no certificate in PEM.`);
  refused('one.pem', 'one.pem', `${at('one.pem')} holds no private key in PEM, or one with a passphrase.`);
  refused('one.pem', 'two.key', `The key in ${at('two.key')} does not belong to the first certificate in ${at('one.pem')}.`);
});
