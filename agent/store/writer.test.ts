/** A writer that broke: whoever asks it for more is answered, and nothing waits for a commit that never comes. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { epochKeyFile, openVault } from '../keys/index.ts';
import { createLog, type LiveLog, storePaths } from './incarnation.ts';
import { Writer } from './writer.ts';

let kit: StoreKit;
let log: LiveLog;
let writer: Writer;
let broke: unknown[];

beforeEach(async () => {
  kit = await storeKit();
  broke = [];
  const vault = await openVault({
    dir: kit.dir,
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  });
  const keyFile = epochKeyFile(`${kit.dir}/epoch-key`, vault, nodeCrypto);
  const logSigner = nodeCrypto.signer(kit.logSeed);
  const now = () => ({ boot: 1, wallMicros: 1, bootMicros: 1 });
  const { workstation, recipients } = kit;
  log = await createLog(
    storePaths(kit.dir),
    { crypto: nodeCrypto, keyFile, workstation, logSigner, recipients, now, bootId: () => 'b' },
    { kind: 'enrolment' },
  );
  writer = new Writer(
    {
      db: log.db,
      tables: log.tables,
      crypto: nodeCrypto,
      hasher: treeHasher(nodeCrypto),
      keyFile,
      logSigner: { name: logKeyName(workstation), signer: logSigner },
      now,
    },
    {
      committed: () => {},
      anchored: () => Promise.resolve(),
      rotated: () => {},
      broke: (error) => void broke.push(error),
      rotationFailed: () => {},
    },
    { state: log.state, head: log.head, recipients },
  );
});
afterEach(() => kit.remove());

test('an event that is handed to a broken writer is refused, a new epoch does not come, and nothing waits', async () => {
  expect(await writer.submit('{"a":1}', true).durable).toBe(1);
  log.db.close();
  await expect(writer.submit('{"a":2}', true).durable).rejects.toThrow();
  expect(broke).toHaveLength(1);
  await expect(writer.submit('{"a":3}', true).durable).rejects.toMatchObject({ code: 'AUDIT_APPEND_FAILED' });
  expect(await writer.rotate('wake')).toBe('failed');
  await writer.drain();
  expect(broke).toHaveLength(1);
});
