/** The site of a seat for the tests of this folder: it reads what the seat tells and answers. It must never be imported by the product. */
import { randomBytes } from 'node:crypto';
import { Value } from 'typebox/value';
import type { Directory } from '../../contract/directory.ts';
import { FACTS_INFO, FACTS_TYPE, NEWS_INFO, NEWS_TYPE, type PeopleFacts, SeatNews, sealInfo } from '../../contract/people.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import { unwrap, wrap } from '../../crypto/sealed-envelope.ts';

export const log = nodeCrypto.signer(randomBytes(32));
const site = nodeCrypto.signer(randomBytes(32));
const newsSeed = randomBytes(32);
export const sealingSeed = randomBytes(32);
export const workstationId = 'a'.repeat(32);
/** What the seat's identity tells of itself. */
export const enrolled = {
  workstationId,
  signer: log,
  enrolment: { tenant: 'site', workstationId, directoryKey: Buffer.from(site.publicKey).toString('base64') },
};
export const verifier = await pinVerifier('805917');

/** The staff of the seat: one person with a PIN. */
export function staff(): Directory {
  const person = { givenName: 'A', initials: 'A', role: 'nurse', badges: [], validFrom: null, validUntil: null, revoked: false };
  return {
    schema: 'wardlock-directory/1',
    tenant: 'site',
    version: 7,
    issuedAt: '2030-06-01T08:00:00Z',
    ward: { id: 'icu', name: 'ICU' },
    seatName: 'Bay 4',
    badgeKey: Buffer.alloc(32).toString('base64'),
    newsKey: Buffer.from(nodeCrypto.hpkePublicKey(newsSeed)).toString('base64'),
    persons: [{ ...person, id: 'ada', displayName: 'Ada', pin: verifier }],
  };
}

/** What the seat tells, as its site reads it. */
export function read(news: string | null): SeatNews {
  const ends = { privateKey: newsSeed, signedBy: log.publicKey };
  const told = unwrap(nodeCrypto, news ?? '', ends, { type: NEWS_TYPE, info: sealInfo(NEWS_INFO, 'site', workstationId) });
  if (!Value.Check(SeatNews, told)) throw new Error('no news');
  return told;
}

/** The site's answer to the question with this nonce. */
export function answer(nonce: string, change: Partial<PeopleFacts> = {}, signer = site): string {
  const facts: PeopleFacts = {
    schema: 'wardlock-people/1',
    tenant: 'site',
    workstationId,
    nonce,
    at: '2030-06-01T10:00:05Z',
    directory: 7,
    taken: 0,
    refused: [],
    elsewhere: null,
    overlapped: [],
    persons: [{ person: 'ada', pin: verifier.salt, failuresElsewhere: 2, right: { agoMs: 60_000, seatName: 'Bay 1' } }],
    ...change,
  };
  const ends = { signer, publicKey: nodeCrypto.hpkePublicKey(sealingSeed) };
  return wrap(nodeCrypto, facts, ends, { type: FACTS_TYPE, info: sealInfo(FACTS_INFO, 'site', workstationId) });
}
