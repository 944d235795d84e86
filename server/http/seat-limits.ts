/**
 * How many requests of enrolled seats may be in hand, kind by kind: in all, so that a body that is held costs memory that somebody
 * has reckoned with, and of one seat, so that none has all of them. Every route that reads a seat's body has one of these.
 */
import type { FastifyRequest } from 'fastify';
import type { Site } from '../compose.ts';
import { type LoadLimit, limitInHand } from './load-limit.ts';
import type { Seat } from './seat-identity.ts';

/** A lane of a syncer sends one at a time; one more may still be held by a connection that it has given up. */
const OF_ONE_LANE = 2;
const OF_TWO_LANES = 2 * OF_ONE_LANE;

const PLACES = {
  /** Each may hold a body of one batch. */
  entries: { most: 32, mostOfOne: OF_ONE_LANE },
  /** The main log's heads and those of the logs beside it. Small, but each is a commit. */
  anchors: { most: 128, mostOfOne: OF_TWO_LANES },
  /** What became of a policy, a directory or an authority, and beside them how far the seat enforces. */
  reports: { most: 64, mostOfOne: OF_TWO_LANES },
  /** Each may hold the counts of a whole ward, twice: sealed and opened. */
  people: { most: 16, mostOfOne: OF_ONE_LANE },
  /** Each is a signature of the CA. */
  renewals: { most: 16, mostOfOne: OF_ONE_LANE },
} as const;

/** The hooks of a route for seats that are known before its body is read. */
export type LimitOf = (kind: keyof typeof PLACES) => LoadLimit;

export function seatLimits({ refused }: Pick<Site, 'refused'>, seatOf: (request: FastifyRequest) => Seat): LimitOf {
  const whose = (request: FastifyRequest): string => seatOf(request).workstationId;
  return (kind) => limitInHand({ ...PLACES[kind], whose, onRefused: () => refused.tally('SERVER_TOO_MANY') });
}
