/**
 * `openStore`: the audit store with its concrete parts. Owns the wiring alone; see store.ts for what it does and
 * docs/audit-log.md for what it promises.
 */
import { mkdir } from 'node:fs/promises';
import { WORKSTATION_BYTES } from '../../core/audit/entry.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { epochKeyFile } from '../keys/epoch-key-file.ts';
import { systemClock } from './clock.ts';
import { asCoded } from './database.ts';
import { type LogParts, storePaths } from './incarnation.ts';
import { checkRecipients } from './recipients.ts';
import { AuditStore } from './store.ts';
import type { StoreOptions } from './types.ts';

export type { StoreClock } from './clock.ts';
export type { Batch, ReadLimits } from './reader.ts';
export { AuditStore } from './store.ts';
export type { LogPosition, ReceiptOutcome, RecordingState, StoreOptions, StoreStatus } from './types.ts';

const PRIVATE_FOLDER = 0o700;

/** Opens the store, checks its tail and begins a new epoch. Throws AUDIT_STORE_LOCKED, _FOREIGN, _FULL or _FAILED; findings become alarms. */
export async function openStore(options: StoreOptions): Promise<AuditStore> {
  checkRecipients(options.recipients);
  if (options.workstation.length !== WORKSTATION_BYTES) throw new WardlockError('AUDIT_INPUT_MALFORMED', 'A workstation id has 16 bytes.');
  const { crypto, dir, vault, workstation, recipients, receiptKey, clock = systemClock() } = options;
  await mkdir(dir, { recursive: true, mode: PRIVATE_FOLDER });
  const boot = { counter: 1 };
  const parts: LogParts = {
    crypto,
    keyFile: epochKeyFile(storePaths(dir).keys, vault, crypto),
    workstation,
    logSigner: crypto.signer(options.logSeed),
    recipients,
    receiptKey,
    bootId: () => clock.bootId(),
    now: () => ({ boot: boot.counter, wallMicros: clock.wallMicros(), bootMicros: clock.bootMicros() }),
  };
  try {
    return await AuditStore.open(options, parts, boot);
  } catch (error) {
    throw asCoded(error, storePaths(dir).db);
  }
}
