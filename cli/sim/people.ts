/**
 * What a simulated seat knows of people and tells of them: the agent's half of the people lane. It opens what is sealed to it and checks
 * it as an agent does, and asks as seldom as an agent. Who stands at the seat is not its own to say.
 */
import { Value } from 'typebox/value';
import { PeoplePace } from '../../agent/credentials/people-pace.ts';
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import { Directory } from '../../contract/directory.ts';
import { FACTS_INFO, FACTS_TYPE, NEWS_INFO, NEWS_TYPE, PeopleFacts, type SeatNews, sealInfo } from '../../contract/people.ts';
import { DIRECTORY_INFO, DIRECTORY_TYPE } from '../../contract/seat-api.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import type { Signer } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { unwrap, wrap } from '../../crypto/sealed-envelope.ts';
import type { SimVisits } from './visits.ts';

const NONCE_BYTES = 16;
/** An agent's without a policy that says more. */
const LONGEST_SILENCE_MS = 300_000;

export interface SimPeopleParts {
  readonly tenant: string;
  readonly workstationId: string;
  readonly signer: Signer;
  readonly sealingSeed: Uint8Array;
  /** The site's, which signs what comes down. */
  readonly directoryKey: Uint8Array;
  readonly visits: SimVisits;
  /** Simulated milliseconds. */
  readonly elapsed: () => number;
}

type Answer<N extends RequestName<SyncBoundary>> = Result<SyncBoundary, N>;
type Asked<N extends RequestName<SyncBoundary>> = Params<SyncBoundary, N>;

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export class SimPeople {
  readonly #parts: SimPeopleParts;
  readonly #pace = new PeoplePace();
  #newsKey: Uint8Array | null = null;
  #question: { readonly nonce: string; readonly askedMs: number; readonly told: string } | null = null;

  constructor(parts: SimPeopleParts) {
    this.#parts = parts;
  }

  directory({ sealed }: Asked<'directory'>): Answer<'directory'> {
    const found = this.#open(sealed, DIRECTORY_TYPE, DIRECTORY_INFO);
    if (!Value.Check(Directory, found) || found.newsKey === undefined)
      return { outcome: 'refused', code: 'DIRECTORY_MALFORMED', message: 'The staff directory is not one that this seat can read.' };
    this.#newsKey = bytesOf(found.newsKey);
    this.#parts.visits.know(found.persons);
    return { outcome: 'applied', version: found.version };
  }

  news({ always }: Asked<'news'>): Answer<'news'> {
    const { tenant, workstationId, signer, visits, elapsed } = this.#parts;
    const told = visits.mark;
    if (this.#newsKey === null || (!always && !this.#pace.isDue(told, elapsed(), LONGEST_SILENCE_MS))) return null;
    const nonce = Buffer.from(nodeCrypto.random(NONCE_BYTES)).toString('hex');
    this.#question = { nonce, askedMs: elapsed(), told };
    const news: SeatNews = {
      schema: 'wardlock-seat-news/1',
      tenant,
      workstationId,
      nonce,
      guesses: [],
      ...visits.told(),
      items: [],
    };
    const ends = { signer, publicKey: this.#newsKey };
    return { sealed: wrap(nodeCrypto, news, ends, { type: NEWS_TYPE, info: sealInfo(NEWS_INFO, tenant, workstationId) }) };
  }

  people({ sealed }: Asked<'people'>): Answer<'people'> {
    const facts = this.#open(sealed, FACTS_TYPE, FACTS_INFO);
    const question = this.#question;
    if (!Value.Check(PeopleFacts, facts) || facts.nonce !== question?.nonce) return { taken: false, more: false };
    this.#question = null;
    this.#pace.answered(question.told, question.askedMs);
    this.#parts.visits.heard(facts);
    return { taken: true, more: false };
  }

  #open(sealed: string, type: string, info: string): unknown {
    const { tenant, workstationId, sealingSeed, directoryKey } = this.#parts;
    const ends = { privateKey: sealingSeed, signedBy: directoryKey };
    return unwrap(nodeCrypto, sealed, ends, { type, info: sealInfo(info, tenant, workstationId) });
  }
}
