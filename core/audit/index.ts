/**
 * What the rest of Wardlock uses of the audit log's pure rules. Entry codec, RFC 6962 tree, C2SP notes and proofs, epochs,
 * verification; cryptography comes in as `AuditCrypto`, which `crypto/index.ts` implements as `nodeCrypto`.
 */
export { equalBytes, fromBase64, fromHex, toBase64, toHex } from './bytes.ts';
export {
  type Checkpoint,
  epochKeyName,
  formatCheckpoint,
  logKeyName,
  logOrigin,
  parseCheckpoint,
  parseCheckpointText,
  type SignedCheckpoint,
} from './checkpoint.ts';
export { CompactRange, coverage, type TreeNode } from './compact.ts';
export { cosign, cosignatureReply, verifyCosignature } from './cosignature.ts';
export type { AeadKey, AuditCrypto, HpkeContext, HpkeSealed, MacKey, SignatureVerifier, Signer } from './crypto.ts';
export { type ChainState, type DraftEntry, type EntryTime, type EpochOpening, type KeptCheckpoint, LogDraft } from './draft.ts';
export {
  type EntryHeader,
  entryBody,
  HEADER_BYTES,
  INCARNATION_BYTES,
  KIND_DATA,
  KIND_EPOCH,
  LINK_BYTES,
  type LogId,
  MAX_CONTENT_BYTES,
  MAX_ENTRY_BYTES,
  parseHeader,
  WORKSTATION_BYTES,
} from './entry.ts';
export {
  type Citation,
  deriveEpochKeys,
  type EpochBody,
  type EpochKeys,
  type EpochReason,
  type OpenedSecret,
  openEpochSecret,
  parseEpochBody,
  type Recipient,
  type RecipientRole,
} from './epoch.ts';
export { type ExportLine, formatLine, parseLine } from './export/lines.ts';
export { type ExportSummary, verifyExport } from './export/verify-export.ts';
export { describeFault, type Fault, type FaultCode, faultMeanings } from './faults.ts';
export { type TreeHasher, treeHasher } from './hasher.ts';
export { checkEd25519PublicKey, checkX25519PublicKey, isX25519PublicKey } from './key-check.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  type NodeReader,
  subtreeHash,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export {
  formatNote,
  formatVerifierKey,
  MAX_NOTE_BYTES,
  type NamedSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  type NoteKey,
  type NoteSignature,
  type NoteVerifier,
  noteVerifier,
  parseNote,
  parseVerifierKey,
  type SignedNote,
  signaturesOf,
  signNote,
  verifyNote,
  verifyNoteAside,
} from './note.ts';
export {
  type AddCheckpoint,
  formatAddCheckpoint,
  formatTlogProof,
  parseAddCheckpoint,
  parseTlogProof,
  type TlogProof,
} from './proofs.ts';
export { type PruneStatement, signPruneStatement, type VerifiedStatement, verifyPruneStatement } from './prune.ts';
export { openEntry } from './seal.ts';
export type { LogSource, LogStart, StoredEntry, VerifyOptions, VerifySummary } from './verify/source.ts';
export { verifyLog } from './verify/verify-log.ts';
