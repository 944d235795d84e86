/** A seat and a later certificate of its site's authority: recorded first, believed after, kept over a restart; another one never. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authoritySays } from '../../agent/doctor.ts';
import { offerAuthority } from '../../agent/enrolment/authority.ts';
import { SeatIdentity } from '../../agent/enrolment/seat-identity.ts';
import { secretBox } from '../../agent/keys/index.ts';
import type { AuditEvent } from '../../contract/events.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { authorityEnd } from '../../crypto/authority.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { SiteDouble } from '../support/site-double.ts';

const DAY_MS = 86_400_000;
const box = secretBox(nodeCrypto, nodeCrypto.random(32));
const seeds = { logSeed: nodeCrypto.random(32), sealingSeed: nodeCrypto.random(32) };
const LATER = Date.now() + 3000 * DAY_MS;

let folder: string;
let site: SiteDouble;
let identity: SeatIdentity;
let recorded: AuditEvent[];
let hasRoom: boolean;

const openIdentity = (): SeatIdentity => new SeatIdentity({ path: join(folder, 'identity'), box, ...seeds });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-agent-authority-'));
  site = await SiteDouble.open(folder);
  [identity, recorded, hasRoom] = [openIdentity(), [], true];
  identity.begin(site.token);
  const { claim } = identity.claim(tokenId(parseToken(site.token).secret), '0'.repeat(64));
  identity.accept(new Uint8Array(Buffer.from(site.enrol(Buffer.from(claim).toString('base64')), 'base64')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const believed = (): string => openIdentity().enrolment?.ca ?? '';
const note = (event: AuditEvent): void => void recorded.push(event);
/** What is believed while the event is written must be the former one still. */
async function append(event: AuditEvent): Promise<'store'> {
  if (!hasRoom) throw new WardlockError('AUDIT_STORE_FULL');
  expect(believed()).toBe(identity.enrolment?.ca);
  note(event);
  return 'store';
}
const offer = (pem: string) => offerAuthority({ identity, recorder: { append, note }, trustedWallMs: () => LATER }, pem);

test('a later certificate is recorded, then believed, also after a restart; the same one again changes nothing', async () => {
  const before = believed();
  const later = await site.laterAuthority(LATER);
  expect(await offer(later)).toEqual({ outcome: 'applied', ca: later });
  expect(believed()).toBe(later);
  expect(await offer(later)).toEqual({ outcome: 'unchanged', ca: later });
  // A node that was not told yet offers the former one: no way back.
  expect(await offer(before)).toEqual({ outcome: 'unchanged', ca: later });
  expect(believed()).toBe(later);
  const until = new Date(authorityEnd(later)).toISOString();
  expect(recorded).toEqual([{ type: 'authority.renewed', body: { until, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } }]);
});

test('where the record has no room the present one stays, and a later offer is taken', async () => {
  const before = believed();
  const later = await site.laterAuthority(LATER);
  hasRoom = false;
  await expect(offer(later)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect([believed(), identity.enrolment?.ca]).toEqual([before, before]);
  hasRoom = true;
  expect(await offer(later)).toMatchObject({ outcome: 'applied' });
});

test('another authority of the same name is refused and in the record, and nothing changes', async () => {
  const before = believed();
  const other = await SiteDouble.open(join(folder, 'other'));
  expect(await offer(await other.laterAuthority(LATER))).toMatchObject({ outcome: 'refused', code: 'ENROL_AUTHORITY_FOREIGN' });
  expect(believed()).toBe(before);
  expect(recorded).toEqual([{ type: 'sync.incident', body: { code: 'ENROL_AUTHORITY_FOREIGN' } }]);
});

test('a seat that is not enrolled takes none', async () => {
  const fresh = new SeatIdentity({ path: join(folder, 'fresh'), box, ...seeds });
  const offered = offerAuthority(
    { identity: fresh, recorder: { append, note }, trustedWallMs: () => LATER },
    await site.laterAuthority(LATER),
  );
  await expect(offered).rejects.toMatchObject({ code: 'SESSION_NOT_NOW' });
});

test.each([
  [1094, 'ok', 'The authority of the site holds until 2036-01-01.'],
  [365, 'warn', 'The authority of the site holds for this seat until 2036-01-01 only, and a later certificate of it has not come.'],
  [0, 'stop', 'The authority of the site ended for this seat on 2036-01-01: it believes no server any more.'],
])('%i days before the end doctor is %s about it', (days, state, says) => {
  const end = Date.UTC(2036, 0, 1);
  expect(authoritySays(end, end - days * DAY_MS)).toMatchObject({ state, says });
});
