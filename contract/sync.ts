/**
 * The boundary between the agent and its syncer, over `sync.sock`. The syncer is the only part of a seat that parses
 * bytes from the network, so the agent verifies again whatever it brings. It never sees a key but its own TLS key.
 */
import Type from 'typebox';
import { boundary } from './boundary.ts';
import { EnforcementState } from './enforcement.ts';
import { Base64, Count, Label, Nothing, Sha256Hex, Timestamp, WorkstationId } from './scalars.ts';

const Outcome = Type.Union([
  Type.Object({ outcome: Type.Literal('applied'), version: Count }),
  Type.Object({ outcome: Type.Literal('unchanged'), version: Count }),
  Type.Object({ outcome: Type.Literal('refused'), code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 400 }) }),
]);

/**
 * A ward's whole staff in one request: 5,000 people with a few badges each, sealed and twice in base64, stay below this.
 * Only the syncer's own user can send it.
 */
export const SYNC_REQUEST_LIMIT = 12 * 1024 * 1024;

/** One contiguous run of a seat's log; the bytes are the entries exactly as stored and hashed. */
const LogPosition = Type.Object({ incarnation: Type.String({ pattern: '^[0-9a-f]{1,32}$' }), size: Count });

/** How far a log has come, and how far the server has confirmed it. */
const LogProgress = Type.Object({ ...LogPosition.properties, receiptedSize: Count });
/** Logs told at a time; the emergency log has room for fewer runs than its events. The rest follows when these are receipted. */
export const MOST_LOGS = 64;

export const syncBoundary = boundary({
  name: 'sync',
  protocol: 1,
  requestLimit: SYNC_REQUEST_LIMIT,
  requests: {
    hello: {
      params: Type.Object({ protocol: Count, build: Label }),
      result: Type.Object({ workstationId: Type.Union([Type.Null(), WorkstationId]), policyVersion: Count, directoryVersion: Count }),
    },
    /**
     * The agent's half of an enrolment: what it claims about this machine, canonical bytes signed by its log key. The
     * claim names the syncer's TLS key and the token, so that neither can be swapped.
     */
    enrolmentClaim: {
      params: Type.Object({ tlsKeySha256: Sha256Hex, tokenId: Type.String({ maxLength: 64 }) }),
      result: Type.Object({ claim: Base64, signature: Base64 }),
    },
    /** The server's answer, as received. The agent checks it and is enrolled once this returns. */
    enrolled: { params: Type.Object({ reply: Base64 }), result: Type.Object({ workstationId: WorkstationId }) },
    enrolmentStep: {
      params: Type.Object({
        step: Type.Union([Type.Literal('contacting'), Type.Literal('verifying'), Type.Literal('certifying'), Type.Literal('failed')]),
        error: Type.Optional(Type.Object({ code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 400 }) })),
      }),
      result: Nothing,
    },
    /** The signed checkpoint to anchor now: a C2SP note with the long-lived log key's signature and the epoch's. */
    checkpoint: {
      params: Nothing,
      result: Type.Union([
        Type.Null(),
        Type.Object({ note: Type.String({ maxLength: 8192 }), position: LogPosition, receiptedSize: Count }),
      ]),
    },
    /**
     * Every log with something to upload: the main one first, then the runs of the emergency log that have no receipt yet.
     * Before the first policy there is none.
     */
    logs: { params: Nothing, result: Type.Object({ logs: Type.Array(LogProgress, { maxItems: MOST_LOGS }) }) },
    /**
     * Raw entries from `start`; fewer than asked for where the frame limit, the log's end or the epoch's end comes first: a
     * batch never crosses an epoch's closing checkpoint. `checkpoint` is the one kept for that epoch (its last, or the head);
     * `proof` leads from the batch's end to its size (RFC 6962 consistency; empty when they are the same).
     */
    entries: {
      params: Type.Object({ incarnation: Type.String({ pattern: '^[0-9a-f]{1,32}$' }), start: Count, maxBytes: Count, maxEntries: Count }),
      result: Type.Object({
        start: Count,
        entries: Type.Array(Base64, { maxItems: 1024 }),
        checkpoint: Type.String({ maxLength: 8192 }),
        proof: Type.Array(Base64, { maxItems: 64 }),
      }),
    },
    /** Consistency proof between two sizes of the log, for the witness. */
    consistency: {
      params: Type.Object({ incarnation: Type.String({ pattern: '^[0-9a-f]{1,32}$' }), from: Count, to: Count }),
      result: Type.Object({ proof: Type.Array(Base64, { maxItems: 64 }) }),
    },
    /** The server's cosigned checkpoint over accepted entries. Only after the agent has verified it may it prune. */
    receipt: {
      params: Type.Object({ note: Type.String({ maxLength: 8192 }) }),
      result: Type.Object({ accepted: Type.Boolean(), receiptedSize: Count }),
    },
    /** The anchored checkpoint with the witness' cosignature: kept, and held against the store at each start. */
    anchored: { params: Type.Object({ note: Type.String({ maxLength: 8192 }) }), result: Type.Object({ accepted: Type.Boolean() }) },
    policy: { params: Type.Object({ envelope: Base64 }), result: Outcome },
    directory: { params: Type.Object({ sealed: Base64 }), result: Outcome },
    /**
     * A certificate of the site's authority as the server gave it. `ca` is the one that the agent believes from now on, which it may
     * have taken earlier.
     */
    authority: {
      params: Type.Object({ ca: Type.String({ maxLength: 8192 }) }),
      result: Type.Union([
        Type.Object({ outcome: Type.Union([Type.Literal('applied'), Type.Literal('unchanged')]), ca: Type.String({ maxLength: 8192 }) }),
        Type.Object({ outcome: Type.Literal('refused'), code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 400 }) }),
      ]),
    },
    /**
     * What this seat has to tell of people, sealed to the site; null where the site takes none, and, unless `always`, where nothing is
     * new here and the last answer is young. Each answer asks a new question.
     */
    news: { params: Type.Object({ always: Type.Boolean() }), result: Type.Union([Type.Null(), Type.Object({ sealed: Base64 })]) },
    /** The server's answer to the last news. The agent checks it; `more`: there is more to tell at once. */
    people: { params: Type.Object({ sealed: Base64 }), result: Type.Object({ taken: Type.Boolean(), more: Type.Boolean() }) },
    connection: {
      params: Type.Object({
        state: Type.Union([Type.Literal('online'), Type.Literal('offline')]),
        since: Timestamp,
        detail: Type.Optional(Type.String({ maxLength: 300 })),
      }),
      result: Nothing,
    },
    /** How far this seat enforces its policy now, for the fleet. */
    enforcement: { params: Nothing, result: EnforcementState },
    /** Something that the server or the network did and that belongs in the record, such as a conflict or a refusal. */
    incident: { params: Type.Object({ code: Type.String({ maxLength: 60 }), detail: Type.String({ maxLength: 300 }) }), result: Nothing },
  },
  events: {
    /** Someone typed a token at the seat or on the command line. */
    enrol: Type.Object({ server: Type.String({ maxLength: 300 }), token: Type.String({ maxLength: 120 }) }),
    /** There is something to tell of people that should not wait for the next exchange. */
    news: Nothing,
    /** The log grew; coalesced, at most one in APPENDED_INTERVAL. */
    appended: LogPosition,
  },
});
export type SyncBoundary = typeof syncBoundary;
