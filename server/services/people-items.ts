/**
 * What was done once at a seat and is taken once here: a changed PIN, an enrolled badge, a used card. Each is judged by what
 * the site knows now; what is refused has a code, and the seat undoes it.
 */
import type { Kysely } from 'kysely';
import { Value } from 'typebox/value';
import { PinVerifier } from '../../contract/directory.ts';
import { NEWS_INFO, type NewsItem, sealInfo } from '../../contract/people.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import type { ErrorCode } from '../../core/errors/index.ts';
import { openSealed } from '../../crypto/sealed-envelope.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import { currentPin, setPin } from './pins.ts';
import type { ServerEvent } from './server-log.ts';

export interface ItemGround {
  readonly db: Kysely<Tables>;
  readonly keys: SiteKeys;
  readonly crypto: AuditCrypto;
  readonly tenant: string;
  readonly workstationId: string;
  readonly seatName: string;
  /** Ids of everyone who may sign in at this seat: a seat that was taken over reaches nobody else's credentials. */
  readonly ward: ReadonlySet<string>;
  readonly at: number;
}

export interface JudgedItem {
  readonly refusal: ErrorCode | null;
  /** Whether the staff that seats know has changed by it. */
  readonly changed: boolean;
  readonly event: Omit<ServerEvent, 'actor'>;
}

/** Badges that one person may have (contract/directory.ts). */
const MOST_BADGES = 8;

export async function takeItem(ground: ItemGround, item: NewsItem): Promise<JudgedItem> {
  switch (item.kind) {
    case 'pin':
      return judged('pin.changed', item.person, await changePin(ground, item));
    case 'badge':
      return judged('badge.enrolled', item.person, await enrolBadge(ground, item));
    case 'card':
      return spendCard(ground, item);
  }
}

function judged(type: string, person: string, refusal: ErrorCode | null): JudgedItem {
  return { refusal, changed: refusal === null, event: { type, body: { person, code: refusal } } };
}

/** Only over the PIN that the person changed it from: of two changes at two seats the first to arrive counts. */
async function changePin(ground: ItemGround, item: Extract<NewsItem, { kind: 'pin' }>): Promise<ErrorCode | null> {
  if (!ground.ward.has(item.person)) return 'CREDENTIAL_PERSON_UNKNOWN';
  const { db, keys, crypto, tenant, workstationId } = ground;
  const bytes = openSealed(crypto, keys.newsSeed, item.verifier, sealInfo(NEWS_INFO, tenant, workstationId, item.person));
  const verifier = bytes === undefined ? null : parse(bytes);
  if (!Value.Check(PinVerifier, verifier)) return 'CREDENTIAL_NEWS_UNREADABLE';
  const current = await currentPin(db, keys, item.person);
  if (current === null) return 'CREDENTIAL_PERSON_UNKNOWN';
  // Its answer was lost, and the seat tells it again.
  if (current.salt === verifier.salt) return null;
  if (current.salt !== item.former) return 'CREDENTIAL_PIN_CHANGED';
  await setPin(db, keys, item.person, verifier);
  return null;
}

async function enrolBadge({ db, ward }: ItemGround, { person, badge }: Extract<NewsItem, { kind: 'badge' }>): Promise<ErrorCode | null> {
  const known = await db.selectFrom('persons').select('revoked').where('id', '=', person).executeTakeFirst();
  if (known === undefined || known.revoked !== 0 || !ward.has(person)) return 'CREDENTIAL_PERSON_UNKNOWN';
  const owner = await db.selectFrom('person_badges').select('person_id').where('badge_hmac', '=', badge).executeTakeFirst();
  if (owner !== undefined) return owner.person_id === person ? null : 'SERVER_BADGE_TAKEN';
  const has = await db.selectFrom('person_badges').select('badge_hmac').where('person_id', '=', person).limit(MOST_BADGES).execute();
  if (has.length >= MOST_BADGES) return 'CREDENTIAL_BADGES_FULL';
  await db.insertInto('person_badges').values({ badge_hmac: badge, person_id: person }).execute();
  return null;
}

/** A card that opened a seat opens no other from now on; one that opened two was used twice or copied, and one that the site no longer has may be a lost one. */
async function spendCard(
  { db, workstationId, seatName, at }: ItemGround,
  { person, card, at: usedAt }: Extract<NewsItem, { kind: 'card' }>,
): Promise<JudgedItem> {
  const { numInsertedOrUpdatedRows: news } = await db
    .insertInto('card_uses')
    .values({ workstation_id: workstationId, card_hmac: card, person_id: person, at: Date.parse(usedAt) })
    .onConflict((c) => c.columns(['workstation_id', 'card_hmac']).doNothing())
    .executeTakeFirst();
  const uses = await db.selectFrom('card_uses').select('workstation_id').where('card_hmac', '=', card).execute();
  const gone = await db.deleteFrom('sign_in_codes').where('code_hmac', '=', card).executeTakeFirst();
  if (uses.length > 1) {
    const detail = `A downtime card of ${person} opened ${uses.length} seats, this one among them: it was used again elsewhere while the seats were offline, or copied. Ask ${person}, and withdraw the other cards: staff withdraw ${person}`;
    await raiseAlarm(db, { workstationId, kind: 'DOWNTIME_CARD_TWICE', detail, at });
  }
  if (uses.length === 1 && news === 1n && gone.numDeletedRows === 0n) {
    const detail = `A downtime card of ${person} opened this seat, which was offline, after it had been withdrawn here or had expired. Ask ${person} whether it was them: a card that is lost is found by somebody.`;
    await raiseAlarm(db, { workstationId, kind: 'DOWNTIME_CARD_WITHDRAWN', detail, at });
  }
  const body = { person, card, seat: seatName, uses: uses.length };
  return { refusal: null, changed: gone.numDeletedRows > 0n, event: { type: 'card.used', body } };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
