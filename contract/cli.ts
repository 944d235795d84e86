/**
 * The boundary between the agent and the command line on the same machine, over `cli.sock`: root, or the agent's own
 * user, only. `tap` is a badge reader for people without one.
 */
import Type from 'typebox';
import { boundary } from './boundary.ts';
import { DrillCertificate } from './drill.ts';
import { BadgeNumber, Base64, Count, Label, Nothing, Timestamp, WorkstationId } from './scalars.ts';
import { SeatView } from './seat-view.ts';

/** What the screens show, and what only whoever looks after the seat asks for. */
export const SeatStatus = Type.Object({
  ...SeatView.properties,
  /** The newest checkpoint of this log that the server's witness cosigned, and when by its clock; null before any. */
  witnessed: Type.Union([Type.Null(), Type.Object({ size: Count, at: Timestamp })]),
});

export const Doctor = Type.Object({
  checks: Type.Array(
    Type.Object({
      id: Type.String({ maxLength: 60 }),
      state: Type.Union([Type.Literal('ok'), Type.Literal('warn'), Type.Literal('stop'), Type.Literal('unknown')]),
      says: Type.String({ maxLength: 500 }),
      todo: Type.Optional(Type.String({ maxLength: 500 })),
    }),
    { maxItems: 100 },
  ),
});

const DrillFacts = Type.Object({
  seat: Type.Union([Type.Null(), Type.Object({ workstationId: WorkstationId, name: Label })]),
  policyVersion: Type.Union([Type.Null(), Count]),
  mode: Label,
  isOpen: Type.Boolean(),
});

export const cliBoundary = boundary({
  name: 'cli',
  protocol: 1,
  requests: {
    hello: { params: Type.Object({ protocol: Count, build: Label }), result: Nothing },
    /** `code`: why a badge was not taken, where the seat has a code for it. */
    tap: {
      params: Type.Object({ badge: BadgeNumber }),
      result: Type.Object({ taken: Type.Boolean(), code: Type.Optional(Type.String({ maxLength: 60 })) }),
    },
    status: { params: Nothing, result: SeatStatus },
    doctor: { params: Nothing, result: Doctor },
    enrol: {
      params: Type.Object({ server: Type.String({ maxLength: 300 }), token: Type.String({ maxLength: 120 }) }),
      result: Type.Object({ workstationId: WorkstationId }),
    },
    /**
     * Writes a consistent copy of the audit store for a verifier and answers where it is. `recorded`: that it was asked for is durable in
     * the record, and so in the copy; false where the record takes nothing more, which must not keep its evidence in.
     */
    snapshot: {
      params: Type.Object({ path: Type.String({ maxLength: 4096 }) }),
      result: Type.Object({ path: Type.String({ maxLength: 4096 }), entries: Count, recorded: Type.Boolean() }),
    },
    /** Somebody at the machine has seen what was found about the record: recorded, and no alarm any more. Answers what it was. */
    acknowledge: { params: Nothing, result: Type.Object({ findings: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 100 }) }) },
    /** Public parts only: what an auditor needs to verify this seat's log offline. */
    identity: {
      params: Nothing,
      result: Type.Object({
        workstationId: Type.Union([Type.Null(), WorkstationId]),
        logKey: Type.Union([Type.Null(), Type.String({ maxLength: 300 })]),
        sealingKey: Base64,
        enrolledAt: Type.Union([Type.Null(), Timestamp]),
      }),
    },
    /** What a drill must know of this seat: what it is, how far it is enforced, and whether somebody is at it. */
    drillFacts: { params: Nothing, result: DrillFacts },
    /** The seat's word for a certificate that names this seat and its policy. It signs no other. */
    certify: {
      params: Type.Object({ certificate: DrillCertificate }),
      result: Type.Object({ logKey: Type.String({ maxLength: 300 }), signature: Base64 }),
    },
  },
  events: {},
});
export type CliBoundary = typeof cliBoundary;
