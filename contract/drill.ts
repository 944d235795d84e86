/**
 * The certificate of a bypass drill: what was tried on a seat, what held, and what the seat was at that time. Whoever reads one
 * trusts it as far as its signature; an unsigned one says so. It must never hold what a person did or typed.
 */
import Type, { type Static } from 'typebox';
import { Base64, Count, Label, Timestamp, WorkstationId } from './scalars.ts';

/** Payload type that the seat's signature covers, so that it can stand for nothing else. */
export const DRILL_TYPE = 'application/vnd.wardlock.drill+json';

const Words = Type.String({ maxLength: 500 });
const EscapeNumber = Type.Integer({ minimum: 1, maximum: 99 });
const ATTEMPTS_LIMIT = 200;

export const DrillAttempt = Type.Object({
  escape: EscapeNumber,
  what: Words,
  /** `through`: something got out. `broken`: it could not be tried to its end, which proves nothing. `leftOut`: not for this seat. */
  outcome: Type.Union([Type.Literal('held'), Type.Literal('through'), Type.Literal('broken'), Type.Literal('leftOut')]),
  /** What got through, what broke, or why it was left out; empty where it held. */
  detail: Words,
});
export type DrillAttempt = Static<typeof DrillAttempt>;

export const DrillCertificate = Type.Object({
  format: Type.Literal('wardlock-drill/1'),
  /** `incomplete`: all that was tried held, and something was left out. */
  verdict: Type.Union([Type.Literal('passed'), Type.Literal('incomplete'), Type.Literal('failed')]),
  /** Without the seat's agent: it says something about the machine, nothing about a seat. */
  practice: Type.Boolean(),
  startedAt: Timestamp,
  endedAt: Timestamp,
  seat: Type.Union([Type.Null(), Type.Object({ workstationId: WorkstationId, name: Label })]),
  policyVersion: Type.Union([Type.Null(), Count]),
  build: Label,
  os: Type.Object({ name: Words, build: Words, kernel: Words }),
  layers: Type.Object({
    mode: Label,
    missing: Type.Array(Type.Object({ layer: Label, meaning: Words }), { maxItems: 20 }),
  }),
  attempts: Type.Array(DrillAttempt, { maxItems: ATTEMPTS_LIMIT }),
  byHand: Type.Array(Type.Object({ escape: EscapeNumber, todo: Words }), { maxItems: ATTEMPTS_LIMIT }),
});
export type DrillCertificate = Static<typeof DrillCertificate>;

export const SignedDrill = Type.Object({
  certificate: DrillCertificate,
  /** By the seat's log key over the canonical JSON of the certificate; null: whoever has the file may have changed it. */
  signature: Type.Union([Type.Null(), Type.Object({ logKey: Type.String({ maxLength: 300 }), signature: Base64 })]),
});
export type SignedDrill = Static<typeof SignedDrill>;
