/**
 * What the agent hands to the store and gets from it. Owns these shapes; the words in `status` are for `doctor` and the
 * seat's row of truth.
 */
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import type { Recipient } from '../../core/audit/epoch.ts';
import type { Fault } from '../../core/audit/faults.ts';
import type { NoteVerifier } from '../../core/audit/note.ts';
import type { KeyProtection, KeyVault } from '../keys/vault.ts';
import type { StoreClock } from './clock.ts';

export interface StoreOptions {
  /** Folder of the store; the agent's own, mode 0700. */
  readonly dir: string;
  readonly vault: KeyVault;
  readonly crypto: AuditCrypto;
  /** 16 bytes, given at enrolment. */
  readonly workstation: Uint8Array;
  /** Seed of the long-lived log key whose public half was enrolled. */
  readonly logSeed: Uint8Array;
  /** At least one reader and one escrow, from the signed policy. */
  readonly recipients: readonly Recipient[];
  /** The server's mirror key; without it nothing is ever pruned. */
  readonly receiptKey: NoteVerifier | undefined;
  /** The key of the server's witness: its cosignatures over anchored checkpoints are kept and held against the store. */
  readonly witnessKey?: NoteVerifier | undefined;
  /** `enrolment` exactly once in the life of a seat. Any other new incarnation is an alarm. */
  readonly birth: 'enrolment' | 'existing';
  readonly clock?: StoreClock;
  /** Bytes that the store may take; DEFAULT_CAPACITY_BYTES when not given. */
  readonly capacityBytes?: number;
  /** For the operational log: something failed that recording survives. */
  readonly onProblem?: (what: string, error: unknown) => void;
}

/** 2 GiB: some 900 days of 5,000 events. */
export const DEFAULT_CAPACITY_BYTES = 2 * 1024 * 1024 * 1024;

/** `low`: noise is summarised; `full`: class 1 is refused too; `broken`: being opened again. */
export type RecordingState = 'ok' | 'low' | 'full' | 'broken';

export interface StoreStatus {
  readonly recording: RecordingState;
  readonly incarnation: string;
  readonly epoch: number;
  readonly size: number;
  readonly receiptedSize: number;
  readonly unreceipted: number;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  /** How long the seat can record without its server, at the rate so far. */
  readonly daysLeft: number;
  /** What was found wrong with the record and not acknowledged yet. */
  readonly alarms: readonly Fault[];
  readonly emergencyEntries: number;
  /** Entries of logs that were replaced which no receipt covers. */
  readonly retiredUnreceipted: number;
  readonly anchorFailing: boolean;
  /** The newest checkpoint that the server's witness cosigned, by its clock in milliseconds since 1970. */
  readonly witnessed: { readonly size: number; readonly at: number } | null;
  readonly keys: KeyProtection;
}

export type ReceiptOutcome =
  | { readonly outcome: 'accepted'; readonly receiptedSize: number }
  | {
      readonly outcome: 'refused';
      readonly code: 'AUDIT_RECEIPT_REFUSED' | 'AUDIT_NOTE_MALFORMED';
      readonly message: string;
      readonly fault?: Fault;
    };

export interface LogPosition {
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
  readonly size: number;
  readonly receiptedSize: number;
}
