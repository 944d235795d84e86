/**
 * The server's tables as types: one interface per table, gathered for Kysely. It owns names and column types; the
 * migrations beside it make them so. Times are milliseconds since 1970 in UTC. On the hot path the seat leads every key.
 */
import type { CredentialTables } from './credential-tables.ts';

export interface SettingsTable {
  key: string;
  value: string;
}

/** Counters that seats and other nodes watch: `policy`, `directory`, `seats`. */
export interface GenerationsTable {
  topic: string;
  generation: number;
}

export interface WardsTable {
  id: string;
  name: string;
}

export interface SeatsTable {
  workstation_id: string;
  name: string;
  ward_id: string;
  enrolled_at: number;
  log_key: string;
  sealing_key: string;
  machine_id_sha256: string;
  os: string;
  revoked_at: number | null;
  last_seen_at: number | null;
}

export interface SeatCertificatesTable {
  workstation_id: string;
  fingerprint_sha256: string;
  issued_at: number;
  not_after: number;
}

export interface SeatReportsTable {
  workstation_id: string;
  kind: string;
  version: number;
  outcome: string;
  code: string | null;
  message: string | null;
  reported_at: number;
}

export interface EnrolmentTokensTable {
  id: string;
  secret_sha256: string;
  seat_name: string;
  ward_id: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  used_by: string | null;
}

export interface PersonsTable {
  id: string;
  display_name: string;
  given_name: string;
  initials: string;
  role: string;
  /** JSON of a PinVerifier under the storage key, or null. */
  pin_box: Uint8Array | null;
  valid_from: number | null;
  valid_until: number | null;
  revoked: number;
}

export interface PersonBadgesTable {
  badge_hmac: string;
  person_id: string;
}

/** No row for a person: every ward. */
export interface PersonWardsTable {
  person_id: string;
  ward_id: string;
}

export interface PoliciesTable {
  version: number;
  sha256: string;
  envelope: Uint8Array;
  published_at: number;
}

/** One Merkle tree of one seat: what is pinned by an anchor, and what is stored and verified. */
export interface LogsTable {
  workstation_id: string;
  incarnation: string;
  pinned_size: number;
  pinned_root: Uint8Array;
  pinned_note: string;
  pinned_at: number;
  size: number;
  frontier: Uint8Array;
  /** Epoch in force and last link after `size` entries, as JSON of LogTail. */
  verifier: string;
  note: string;
  first_at: number;
}

/** Entries exactly as they were stored and hashed at the seat, a batch a row, immutable. */
export interface SegmentsTable {
  workstation_id: string;
  incarnation: string;
  start: number;
  count: number;
  entries: Uint8Array;
  leaf_hashes: Uint8Array;
  note: string;
  received_at: number;
}

/** The last checkpoint of each epoch, kept for verification and export. */
export interface CheckpointsTable {
  workstation_id: string;
  incarnation: string;
  size: number;
  note: string;
}

export interface EvidenceTable {
  id: string;
  workstation_id: string;
  incarnation: string;
  start: number;
  kind: string;
  bytes: Uint8Array;
  at: number;
}

export interface AlarmsTable {
  /** `site` where the alarm is about no seat. */
  workstation_id: string;
  id: string;
  kind: string;
  /** The words of the last time. */
  detail: string;
  first_at: number;
  last_at: number;
  times: number;
  acknowledged_at: number | null;
  acknowledged_by: string | null;
}

/** The server's own log: each row's hash covers the row before it. */
export interface ServerEventsTable {
  seq: number;
  at: number;
  type: string;
  actor: string;
  body: string;
  hash: string;
}

export interface AccountsTable {
  name: string;
  password: string;
  role: string;
  created_at: number;
  failures: number;
  locked_until: number;
}

/** Failures of whoever has no row of its own to count them in; bounded, the longest unused go first. */
export interface ThrottlesTable {
  /** A keyed hash: what was typed may be a secret. */
  id: string;
  failures: number;
  locked_until: number;
  used_at: number;
}

export interface ConsoleSessionsTable {
  id_sha256: string;
  account: string;
  csrf: string;
  created_at: number;
  expires_at: number;
}

/** Derived by the reader; can be dropped and built again. */
export interface IndexedEventsTable {
  workstation_id: string;
  incarnation: string;
  seq: number;
  /** Place among events of one moment, and unique: the log's number and `seq` in one. */
  event_no: number;
  at: number;
  type: string;
  session_id: string | null;
  /** Whose event it is: named by the event, or by the session that it belongs to. */
  person_id: string | null;
  app_id: string | null;
  /** FHIR AuditEvent.outcome: 0, 4, 8 or 12; null for what is no event. */
  outcome: number | null;
  body: string;
}

export interface IndexedSessionsTable {
  workstation_id: string;
  incarnation: string;
  session_id: string;
  kind: string;
  person_id: string | null;
  role: string | null;
  started_at: number;
  ended_at: number | null;
  end_reason: string | null;
  policy_version: number;
  first_seq: number;
  last_seq: number;
}

export interface IndexCursorsTable {
  workstation_id: string;
  incarnation: string;
  /** The log's number within this index, for `event_no`. */
  log_no: number;
  next_seq: number;
  /** Entries that no reader's key opened. */
  unreadable: number;
  fault: string | null;
}

/** The key pair of a period: epoch envelopes are sealed to its public half, and destroying the private half purges them. */
export interface PeriodKeysTable {
  id: string;
  /** `2026-11`. */
  period: string;
  public_key: string;
  made_at: number;
  destroyed_at: number | null;
}

/** The envelopes of an epoch's opening entry, cut out of its segment and sealed to a period's key. */
export interface EpochEnvelopesTable {
  workstation_id: string;
  incarnation: string;
  seq: number;
  key_id: string;
  sealed: Uint8Array;
}

/** Entries [start, end) that a purge destroyed; their leaf hashes stay. */
export interface PrunedRangesTable {
  workstation_id: string;
  incarnation: string;
  start: number;
  end: number;
  /** What the headers of its first and last entry said, milliseconds. */
  first_at: number;
  last_at: number;
  pruned_at: number;
  /** The mirror's signed statement that names this range. */
  statement: string;
}

/** What no purge may touch: everything that fits all of its fields, null fits everything. */
export interface LegalHoldsTable {
  id: string;
  /** One machine, where it was named by its id. */
  workstation_id: string | null;
  /** Every machine of this name, those that are enrolled later too. */
  seat_name: string | null;
  person_id: string | null;
  from_at: number | null;
  to_at: number | null;
  reason: string;
  placed_by: string;
  placed_at: number;
  lifted_by: string | null;
  lifted_at: number | null;
  lift_reason: string | null;
}

/** What a person found when they closed out an emergency access. One without a row waits for it. */
export interface EmergencyReviewsTable {
  workstation_id: string;
  session_id: string;
  finding: string;
  note: string;
  closed_by: string;
  closed_at: number;
}

/** One log of logs; a restored database begins a new one. */
export interface TransparencyLogsTable {
  /** Counts up; the highest is the one that grows. */
  number: number;
  /** 16 hexadecimal digits, part of its origin. */
  id: string;
  created_at: number;
  size: number;
  frontier: Uint8Array;
  /** The newest signed checkpoint; empty before the first. */
  note: string;
  /** How many rows of `server_events` its newest entry about them covers. */
  server_events: number;
}

/** Cosigned checkpoints that are not sequenced yet. */
export interface TransparencyQueueTable {
  workstation_id: string;
  incarnation: string;
  size: number;
  entry: Uint8Array;
  at: number;
}

/** An entry about a seat's log names it; others leave those columns null. */
export interface TransparencyEntriesTable {
  log: number;
  seq: number;
  workstation_id: string | null;
  incarnation: string | null;
  size: number | null;
  entry: Uint8Array;
}

/** The rightmost tile of each level grows until it has 256 hashes. */
export interface TransparencyTilesTable {
  log: number;
  level: number;
  tile: number;
  hashes: Uint8Array;
}

export interface SchemaVersionTable {
  id: number;
  version: number;
}

export interface Tables extends CredentialTables {
  schema_version: SchemaVersionTable;
  settings: SettingsTable;
  generations: GenerationsTable;
  wards: WardsTable;
  seats: SeatsTable;
  seat_certificates: SeatCertificatesTable;
  seat_reports: SeatReportsTable;
  enrolment_tokens: EnrolmentTokensTable;
  persons: PersonsTable;
  person_badges: PersonBadgesTable;
  person_wards: PersonWardsTable;
  policies: PoliciesTable;
  logs: LogsTable;
  segments: SegmentsTable;
  checkpoints: CheckpointsTable;
  evidence: EvidenceTable;
  alarms: AlarmsTable;
  server_events: ServerEventsTable;
  accounts: AccountsTable;
  console_sessions: ConsoleSessionsTable;
  throttles: ThrottlesTable;
  indexed_events: IndexedEventsTable;
  indexed_sessions: IndexedSessionsTable;
  index_cursors: IndexCursorsTable;
  period_keys: PeriodKeysTable;
  epoch_envelopes: EpochEnvelopesTable;
  pruned_ranges: PrunedRangesTable;
  legal_holds: LegalHoldsTable;
  emergency_reviews: EmergencyReviewsTable;
  transparency_logs: TransparencyLogsTable;
  transparency_queue: TransparencyQueueTable;
  transparency_entries: TransparencyEntriesTable;
  transparency_tiles: TransparencyTilesTable;
}
