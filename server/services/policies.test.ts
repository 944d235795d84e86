/** Policies that are refused, by whomever they were offered: told, and bounded. */
import { afterEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { openPolicies } from './policies.ts';
import { openRefusedPeers, WINDOW_MS } from './refused-peers.ts';
import { openServerLog } from './server-log.ts';

let store: Store;
afterEach(() => store.close());

test('whoever offers unsigned policies again and again gets a row a minute, which says how many there were', async () => {
  store = await testStore();
  const { db } = store;
  let time = 0;
  const log = openServerLog(db, Date.now);
  const faults: unknown[] = [];
  const refused = openRefusedPeers(
    log,
    (fault) => faults.push(fault),
    () => time,
  );
  const changes = { bump: () => Promise.reject(new Error('nothing is published here')), wake: () => undefined };
  const policies = openPolicies({ db, tenant: 'site', crypto: nodeCrypto, changes, log, refused, now: Date.now });
  await policies.trust([Buffer.from(nodeCrypto.signer(nodeCrypto.random(32)).publicKey)]);
  const payload = Buffer.from(JSON.stringify({ version: 7 })).toString('base64');
  const envelope = {
    payload,
    payloadType: 'application/vnd.wardlock.policy+json' as const,
    signatures: [{ keyid: '0'.repeat(64), sig: Buffer.alloc(64).toString('base64') }],
  };
  const offer = (from: string) => expect(policies.publish(envelope, from)).rejects.toMatchObject({ code: 'POLICY_UNSIGNED' });
  const told = async (): Promise<unknown[]> => {
    const rows = await db.selectFrom('server_events').select(['actor', 'body']).orderBy('seq').execute();
    return rows.map(({ actor, body }) => [actor, JSON.parse(body)]);
  };
  const row = (total: number) => ({ code: 'POLICY_UNSIGNED', version: 7, total });
  for (let at = 1; at <= 5; at += 1) await offer('192.0.2.7');
  expect(await told()).toEqual([['192.0.2.7', row(1)]]);
  await offer('192.0.2.8');
  time += WINDOW_MS;
  await offer('192.0.2.7');
  expect((await told()).slice(1)).toEqual([
    ['192.0.2.8', row(6)],
    ['192.0.2.7', row(7)],
  ]);
  expect(faults).toEqual([]);
});
