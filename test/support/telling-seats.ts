/** Seats that tell the server of people: enrolled in its database, with keys of their own, and sealing as an agent does. */
import { randomBytes } from 'node:crypto';
import { Value } from 'typebox/value';
import { FACTS_INFO, FACTS_TYPE, NEWS_INFO, NEWS_TYPE, PeopleFacts, type SeatNews, sealInfo } from '../../contract/people.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { unwrap, wrap } from '../../crypto/sealed-envelope.ts';
import type { Site } from '../../server/compose.ts';
import type { TellingSeat } from '../../server/services/people.ts';

export interface TestSeat extends TellingSeat {
  readonly signer: ReturnType<typeof nodeCrypto.signer>;
  readonly privateKey: Uint8Array;
}

export async function enrolledSeat(site: Site, digit: string, wardId = 'icu'): Promise<TestSeat> {
  const signer = nodeCrypto.signer(randomBytes(32));
  const privateKey = randomBytes(32);
  const workstationId = digit.repeat(32);
  const sealingKey = Buffer.from(nodeCrypto.hpkePublicKey(privateKey));
  const logKey = formatVerifierKey(nodeCrypto, { name: `wardlock/${digit}`, type: NOTE_ED25519, publicKey: signer.publicKey });
  const { db } = site.store;
  await db
    .insertInto('wards')
    .values({ id: wardId, name: wardId })
    .onConflict((c) => c.doNothing())
    .execute();
  await db
    .insertInto('seats')
    .values({
      workstation_id: workstationId,
      name: `Bay ${digit}`,
      ward_id: wardId,
      enrolled_at: Date.now(),
      log_key: logKey,
      sealing_key: sealingKey.toString('base64'),
      machine_id_sha256: digit.repeat(64),
      os: '{}',
      revoked_at: null,
      last_seen_at: null,
    })
    .execute();
  return { workstationId, name: `Bay ${digit}`, wardId, logKey, sealingKey, signer, privateKey };
}

export const newsInfoOf = (seat: TestSeat, ...more: string[]) => sealInfo(NEWS_INFO, 'site', seat.workstationId, ...more);
export const newsKeyOf = (site: Site) => nodeCrypto.hpkePublicKey(site.keys.newsSeed);

export function sealedNews(site: Site, seat: TestSeat, change: Partial<SeatNews> = {}, signer = seat.signer): string {
  const { workstationId } = seat;
  const nonce = randomBytes(16).toString('hex');
  const news: SeatNews = {
    schema: 'wardlock-seat-news/1',
    tenant: 'site',
    workstationId,
    nonce,
    guesses: [],
    right: [],
    present: null,
    items: [],
    ...change,
  };
  return wrap(nodeCrypto, news, { signer, publicKey: newsKeyOf(site) }, { type: NEWS_TYPE, info: newsInfoOf(seat) });
}

export async function tellNews(site: Site, seat: TestSeat, change: Partial<SeatNews> = {}): Promise<PeopleFacts> {
  const answer = await site.people.exchange(seat, sealedNews(site, seat, change));
  const ends = { privateKey: seat.privateKey, signedBy: site.keys.directory.publicKey };
  const facts = unwrap(nodeCrypto, answer, ends, { type: FACTS_TYPE, info: sealInfo(FACTS_INFO, 'site', seat.workstationId) });
  if (!Value.Check(PeopleFacts, facts)) throw new Error('no facts');
  return facts;
}
