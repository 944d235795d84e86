/** What a seat takes from its site, with the product's own parts in one process: who is locked out is out, nothing grows old again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StaffDirectory } from '../../agent/credentials/directory.ts';
import { PinCheck } from '../../agent/credentials/pin.ts';
import { SeatIdentity } from '../../agent/enrolment/seat-identity.ts';
import { secretBox } from '../../agent/keys/index.ts';
import { Recorder } from '../../agent/record/recorder.ts';
import { SiteLink } from '../../agent/site-link.ts';
import { SeatMemory } from '../../agent/state/memory.ts';
import type { AuditEvent } from '../../contract/events.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { SiteDouble } from '../support/site-double.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const clock = { bootId: 'b', bootMs: () => 1_000, wallMs: () => Date.now() };
const box = secretBox(nodeCrypto, nodeCrypto.random(32));
const pinKey = nodeCrypto.random(32);
const seeds = { logSeed: nodeCrypto.random(32), sealingSeed: nodeCrypto.random(32) };
const ada = { id: 'ada', badge: '04AAAA', pin: null };
const ben = { id: 'ben', badge: '04BBBB', pin: null };

let folder = '';
let site: SiteDouble;
let gone: string[] = [];
let recorded: AuditEvent[] = [];
let hasRoom = true;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const file = (name: string): string => join(folder, name);
const openIdentity = (): SeatIdentity => new SeatIdentity({ path: file('identity'), box, ...seeds });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-agent-site-'));
  site = await SiteDouble.open(folder);
  gone = [];
  recorded = [];
  hasRoom = true;
  const identity = openIdentity();
  identity.begin(site.token);
  const { claim } = identity.claim(tokenId(parseToken(site.token).secret), '0'.repeat(64));
  identity.accept(bytes(site.enrol(Buffer.from(claim).toString('base64'))));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The seat as it starts from what lies in its folder. */
function started(): SiteLink {
  const recorder = new Recorder(silent, () => false);
  const append = (event: AuditEvent): Promise<{ seq: number }> => {
    if (!hasRoom) return Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
    recorded.push(event);
    return Promise.resolve({ seq: recorded.length });
  };
  recorder.use({ append, appendEmergency: () => Promise.reject(new WardlockError('AUDIT_STORE_FULL')) }, []);
  const memory = new SeatMemory(file('memory'), box, clock);
  const link = new SiteLink({
    identity: openIdentity(),
    memory,
    policyPath: file('policy'),
    sealingSeed: seeds.sealingSeed,
    clock,
    recorder,
    log: silent,
    directory: new StaffDirectory(file('directory'), box, new PinCheck(pinKey)),
    serverWallMs: () => 0,
    isOnItsWay: () => false,
    tellSyncer: () => false,
    openRecord: () => Promise.resolve(),
    onPolicy: () => {},
    onDirectory: (ids) => gone.push(...ids),
    onChanged: () => {},
  });
  link.open();
  return link;
}

test('a revocation takes effect although the record has no room for it', async () => {
  const link = started();
  await link.offerDirectory(bytes(await site.directory(1, [ada, ben])));
  hasRoom = false;
  const offered = await link.offerDirectory(bytes(await site.directory(2, [ada, { ...ben, change: { revoked: true } }])));
  expect(offered).toEqual({ outcome: 'applied', version: 2 });
  expect(gone).toEqual(['ben']);
  expect(recorded.map(({ type }) => type)).toEqual(['directory.applied']);
});

test('a staff list that gives somebody another role is recorded with how many it is; who is new or gone is none of them', async () => {
  const link = started();
  await link.offerDirectory(bytes(await site.directory(1, [ada, ben])));
  await link.offerDirectory(
    bytes(
      await site.directory(2, [
        { ...ada, change: { role: 'doctor' } },
        { ...ben, id: 'cem' },
      ]),
    ),
  );
  await link.offerDirectory(bytes(await site.directory(3, [{ ...ada, change: { role: 'doctor' } }])));
  expect(recorded.map(({ body }) => body)).toEqual([
    { version: 1, persons: 2 },
    { version: 2, persons: 2, roles: 1 },
    { version: 3, persons: 1 },
  ]);
});

test('a seat whose policy file is lost takes the same version or a later one, and none before it', async () => {
  await started().offerPolicy(bytes(site.policy(site.document(3))));
  await rm(file('policy'));
  const link = started();
  expect(link.policy).toBeNull();
  expect(await link.offerPolicy(bytes(site.policy(site.document(2))))).toMatchObject({ outcome: 'refused', code: 'POLICY_OLDER' });
  expect(await link.offerPolicy(bytes(site.policy(site.document(3))))).toEqual({ outcome: 'applied', version: 3 });
  expect(await link.offerPolicy(bytes(site.policy(site.document(2))))).toMatchObject({ outcome: 'refused', code: 'POLICY_OLDER' });
});

test('a seat whose staff file is lost takes the same version or a later one, and none before it', async () => {
  await started().offerDirectory(bytes(await site.directory(3, [ada])));
  await rm(file('directory'));
  const link = started();
  const older = bytes(await site.directory(2, [ada, ben]));
  expect(await link.offerDirectory(older)).toMatchObject({ outcome: 'refused', code: 'DIRECTORY_OLDER' });
  expect(await link.offerDirectory(bytes(await site.directory(3, [ada])))).toEqual({ outcome: 'applied', version: 3 });
});

test('a claim is made under the token that was typed, and under no other that the syncer names', async () => {
  await rm(file('identity'));
  const identity = openIdentity();
  identity.begin(site.token);
  expect(() => identity.claim('0'.repeat(32), '0'.repeat(64))).toThrow(expect.objectContaining({ code: 'ENROL_CLAIM_INVALID' }));
  expect(identity.claim(tokenId(parseToken(site.token).secret), '0'.repeat(64)).claim.length).toBeGreaterThan(0);
});
