/**
 * `audit escrow-drill`: takes the escrow key out of its safe and opens samples with it, before the day it is needed. Owns
 * the sample and the verdict; prints no event.
 */
import type { Command } from 'commander';
import { kindOf, openSnapshot, openStoreFolder } from '../agent/store/evidence.ts';
import { type EntryHeader, KIND_EPOCH, parseHeader } from '../core/audit/entry.ts';
import { deriveEpochKeys, type EpochKeys, openEpochSecret } from '../core/audit/epoch.ts';
import { openEntry } from '../core/audit/seal.ts';
import type { LogSource } from '../core/audit/verify/source.ts';
import { WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { readPrivateKey } from '../server/site/key-file.ts';
import { say } from './agent-client.ts';
import { orRefuse, REFUSAL_HELP } from './audit-refusal.ts';
import { group } from './group.ts';

const EXIT_HELP = `
Exit code: 0 every epoch tried was opened; 1 one was not, or there was none; ${REFUSAL_HELP}: then nothing was tried.`;

interface DrillFlags {
  readonly escrowKey: string;
  readonly samples: string;
  readonly json?: boolean;
}

interface DrillResult {
  epochs: number;
  opened: number;
  readonly failed: number[];
}

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('escrow-drill <path>')
    .description('prove that the escrow key opens the record: one event of each sampled epoch')
    .requiredOption('--escrow-key <file>', "the escrow's private key file")
    .option('--samples <n>', 'open one in so many epochs', '1')
    .option('--json', 'print JSON')
    .addHelpText('after', EXIT_HELP)
    .action((path: string, flags: DrillFlags) => orRefuse(path, flags.json === true, () => drill(path, flags)));
}

function drill(path: string, flags: DrillFlags): number {
  const every = Number(flags.samples);
  if (!Number.isSafeInteger(every) || every < 1) throw new WardlockError('START_USAGE', '--samples takes a whole number from 1.');
  const privateKey = readPrivateKey(flags.escrowKey, ['escrow']);
  const kind = kindOf(path);
  if (kind !== 'store' && kind !== 'snapshot')
    throw new WardlockError('AUDIT_STORE_FOREIGN', `${path} is neither a snapshot nor the folder of an audit store.`);
  const evidence = kind === 'store' ? openStoreFolder(path, nodeCrypto) : openSnapshot(path, nodeCrypto);
  const result: DrillResult = { epochs: 0, opened: 0, failed: [] };
  try {
    for (const source of evidence.sources) drillLog(source, privateKey, every, result);
  } finally {
    evidence.close();
    privateKey.fill(0);
  }
  const good = result.failed.length === 0 && result.opened > 0;
  const failed = result.failed.length > 0 ? ` It does not open epochs ${result.failed.slice(0, 20).join(', ')}.` : '';
  say(flags, { ok: good, ...result }, `The escrow key opened ${result.opened} of ${result.epochs} epochs tried.${failed}`);
  return good ? 0 : 1;
}

/** Opens the secret of each sampled epoch and the first event in it. One whose opening entry is gone can't be opened by anybody. */
function drillLog(source: LogSource, privateKey: Uint8Array, every: number, result: DrillResult): void {
  let keys: EpochKeys | undefined;
  let epoch: number | undefined;
  for (const { bytes } of source.entries()) {
    const header = headerOf(bytes);
    // It holds nothing that a key could open; `audit verify` names it.
    if (header === undefined) continue;
    if (header.kind !== KIND_EPOCH && header.epoch !== epoch) {
      epoch = header.epoch;
      keys = undefined;
      if (epoch % every !== 0) continue;
      result.epochs += 1;
      result.failed.push(epoch);
    } else if (header.kind === KIND_EPOCH) {
      keys = undefined;
      epoch = header.epoch;
      if (header.epoch % every !== 0) continue;
      result.epochs += 1;
      const opened = openEpochSecret(nodeCrypto, bytes, header, privateKey);
      if (opened.outcome === 'opened') {
        keys = deriveEpochKeys(nodeCrypto, opened.secret, header);
        result.opened += 1;
      } else result.failed.push(header.epoch);
    } else if (keys !== undefined) {
      if (openEntry(keys, bytes, header) === undefined) result.failed.push(header.epoch);
      keys = undefined;
    }
  }
}

function headerOf(entry: Uint8Array): EntryHeader | undefined {
  try {
    return parseHeader(entry);
  } catch {
    return undefined;
  }
}
