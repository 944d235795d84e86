/**
 * What a simulated seat knows of people and asks about them: the agent's half of the people lane for a seat at which nobody ever stands.
 * It opens what is sealed to it and checks it as an agent does, asks as seldom as an agent, and keeps the directory's number only.
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

const NONCE_BYTES = 16;
/** An agent's without a policy that says more. */
const LONGEST_SILENCE_MS = 300_000;
/** Nobody is at the seat: there is never anything else to tell. */
const NOTHING_NEW = '';

export interface SimPeopleParts {
  readonly tenant: string;
  readonly workstationId: string;
  readonly signer: Signer;
  readonly sealingSeed: Uint8Array;
  /** The site's, which signs what comes down. */
  readonly directoryKey: Uint8Array;
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
  #question: { readonly nonce: string; readonly askedMs: number } | null = null;

  constructor(parts: SimPeopleParts) {
    this.#parts = parts;
  }

  directory({ sealed }: Asked<'directory'>): Answer<'directory'> {
    const found = this.#open(sealed, DIRECTORY_TYPE, DIRECTORY_INFO);
    if (!Value.Check(Directory, found) || found.newsKey === undefined)
      return { outcome: 'refused', code: 'DIRECTORY_MALFORMED', message: 'The staff directory is not one that this seat can read.' };
    this.#newsKey = bytesOf(found.newsKey);
    return { outcome: 'applied', version: found.version };
  }

  news({ always }: Asked<'news'>): Answer<'news'> {
    const { tenant, workstationId, signer, elapsed } = this.#parts;
    if (this.#newsKey === null || (!always && !this.#pace.isDue(NOTHING_NEW, elapsed(), LONGEST_SILENCE_MS))) return null;
    const nonce = Buffer.from(nodeCrypto.random(NONCE_BYTES)).toString('hex');
    this.#question = { nonce, askedMs: elapsed() };
    const news: SeatNews = {
      schema: 'wardlock-seat-news/1',
      tenant,
      workstationId,
      nonce,
      guesses: [],
      right: [],
      present: null,
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
    this.#pace.answered(NOTHING_NEW, question.askedMs);
    return { taken: true, more: false };
  }

  #open(sealed: string, type: string, info: string): unknown {
    const { tenant, workstationId, sealingSeed, directoryKey } = this.#parts;
    const ends = { privateKey: sealingSeed, signedBy: directoryKey };
    return unwrap(nodeCrypto, sealed, ends, { type, info: sealInfo(info, tenant, workstationId) });
  }
}
