/**
 * `audit show`: decrypts a seat's log with the reader's or the escrow's key and prints its events, one JSON object a line.
 * Owns that view; prints an event only once a root that counts covers its bytes. Exits 1 when anything is wrong, 2 where
 * no key from outside speaks for what was shown, and with those of sysexits where nothing could be read.
 */
import type { Command } from 'commander';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { isDamage } from '../agent/store/database.ts';
import { kindOf, openSnapshot, openStoreFolder } from '../agent/store/evidence.ts';
import { collectEarly } from '../agent/store/release.ts';
import { codesOf, type ExactCodes } from '../contract/codes-of.ts';
import { toHex } from '../core/audit/bytes.ts';
import type { EntryHeader } from '../core/audit/entry.ts';
import { type OpenedSecret, openEpochSecret } from '../core/audit/epoch.ts';
import { describeFault, type Fault } from '../core/audit/faults.ts';
import type { DecryptSummary, LogSource } from '../core/audit/verify/source.ts';
import { verifyLog } from '../core/audit/verify/verify-log.ts';
import { WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { readPrivateKey } from '../server/site/key-file.ts';
import { type KeysByUse, keysByUse, keysFrom, timeText, unanchored } from './audit-input.ts';
import { orRefuse, REFUSAL_HELP } from './audit-refusal.ts';
import { group } from './group.ts';
import { HeldLines } from './held-lines.ts';
import { writeOut } from './write-out.ts';

const EXIT_FAULTS = 1;
const EXIT_UNANCHORED = 2;
const EXIT_HELP = `
Exit code: 0 shown and whole; 1 faults, a line each, or events that no reader key given opens; 2 UNANCHORED: no key from outside speaks for it;
${REFUSAL_HELP}: then nothing was shown.`;

interface ShowFlags {
  readonly readerKey: readonly string[];
  readonly key: readonly string[];
  readonly json?: boolean;
}

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('show <path>')
    .description("decrypt a seat's snapshot or a stopped store's folder and print its events")
    .requiredOption(
      '--reader-key <file>',
      "the reader's or the escrow's private key file; may be given again, as for a log older than the key",
      oneMore,
    )
    .option('--key <vkey>', 'verification key from outside, or a file with it; may be given again', oneMore, [])
    .option('--json', 'as always: one JSON object a line, for each event')
    .addHelpText('after', EXIT_HELP)
    .action((path: string, flags: ShowFlags) => orRefuse(path, flags.json === true, () => show(path, flags)));
}

function oneMore(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function show(path: string, flags: ShowFlags): number {
  const kind = kindOf(path);
  if (kind === 'text') {
    throw new WardlockError(
      'AUDIT_STORE_FOREIGN',
      `${path} is no store. If it is an auditor's export, its lines of kind "entry" hold the events as they were decrypted, and no reader key is needed: audit verify ${path} --key KEY says whether they are what was sealed.`,
    );
  }
  if (kind !== 'store' && kind !== 'snapshot') {
    throw new WardlockError('AUDIT_STORE_FOREIGN', `${path} is neither a snapshot nor the folder of an audit store.`);
  }
  collectEarly();
  const privateKeys = flags.readerKey.map((file) => readPrivateKey(file, ['reader', 'escrow']));
  const keys = keysByUse(keysFrom(flags.key));
  const evidence = kind === 'store' ? openStoreFolder(path, nodeCrypto) : openSnapshot(path, nodeCrypto);
  const hasKeys = flags.key.length > 0;
  if (!hasKeys) warn({ code: 'UNANCHORED', detail: 'Give the key with --key.' });
  let faults = 0;
  let isAnchored = hasKeys;
  const opened = { epochs: 0, foreignEpochs: 0, foreignEntries: 0 };
  try {
    for (const source of evidence.sources) {
      const shown = showLog(source, privateKeys, keys);
      faults += shown.faults;
      opened.epochs += shown.opened.epochs;
      opened.foreignEpochs += shown.opened.foreignEpochs;
      opened.foreignEntries += shown.opened.foreignEntries;
      if (!hasKeys || shown.unanchored === undefined) continue;
      isAnchored = false;
      warn(shown.unanchored);
    }
    for (const fault of evidence.faults) warn(fault);
    faults += evidence.faults.length;
  } finally {
    evidence.close();
    for (const privateKey of privateKeys) privateKey.fill(0);
  }
  if (opened.epochs === 0 && opened.foreignEpochs > 0)
    throw new WardlockError(
      'AUDIT_KEY_UNSUITABLE',
      `None of the ${opened.foreignEpochs} epochs in ${path} is sealed to a key given. Hand in the reader's or the escrow's private key.`,
    );
  if (opened.foreignEntries > 0)
    process.stderr.write(
      `${opened.foreignEntries} events of ${opened.foreignEpochs} epochs are not shown: they are sealed to other keys. Give those, too: --reader-key once for each.\n`,
    );
  if (hasKeys && faults + opened.foreignEntries > 0) return EXIT_FAULTS;
  return isAnchored ? 0 : EXIT_UNANCHORED;
}

function warn(fault: Fault): void {
  process.stderr.write(`${describeFault(fault)}\n`);
}

interface Shown {
  readonly faults: number;
  /** Set where no key given speaks for the log. */
  readonly unanchored: Fault | undefined;
  readonly opened: DecryptSummary;
}

/** Holds events back until their bytes are verified: at most what lies between two signed checkpoints. */
function showLog(source: LogSource, privateKeys: readonly Uint8Array[], keys: KeysByUse): Shown {
  const waiting = new HeldLines();
  const faults = verifyLog(nodeCrypto, source, {
    ...keys,
    openSecret: (entry, header) => openWithAny(entry, header, privateKeys),
    onEvent: (header, json) => waiting.add(header.seq, eventLine(source, header, json)),
    onVerified: (size) => waiting.release(size, writeOut),
  });
  let count = 0;
  let nobody: Fault | undefined;
  let opened: DecryptSummary = { epochs: 0, foreignEpochs: 0, foreignEntries: 0 };
  const tell = (fault: Fault): void => {
    count += 1;
    warn(fault);
  };
  try {
    let step = faults.next();
    while (step.done !== true) {
      tell(step.value);
      step = faults.next();
    }
    nobody = unanchored(source, keys, step.value);
    opened = step.value.opened;
  } catch (error) {
    if (!isDamage(error)) throw error;
    tell({ code: 'STORE_DAMAGED', detail: `Reading ended there, so what follows is not shown (${error.message}).` });
  }
  if (waiting.count > 0) process.stderr.write(`${waiting.count} events are not shown: no signed root covers them.\n`);
  return { faults: count + waiting.count, unanchored: nobody, opened };
}

/** By the first key that the epoch is sealed to. */
function openWithAny(entry: Uint8Array, header: EntryHeader, privateKeys: readonly Uint8Array[]): OpenedSecret {
  let opened: OpenedSecret = { outcome: 'not-a-recipient' };
  for (const privateKey of privateKeys) {
    opened = openEpochSecret(nodeCrypto, entry, header, privateKey);
    if (opened.outcome !== 'not-a-recipient') break;
  }
  return opened;
}

function eventLine(source: LogSource, header: EntryHeader, json: string): string {
  const event: unknown = JSON.parse(json);
  const codes = codesIn(event);
  const place = {
    log: toHex(source.log.incarnation),
    seq: header.seq,
    time: timeText(header.wallMicros),
    boot: header.boot,
    epoch: header.epoch,
  };
  return `${JSON.stringify(typeof event === 'object' && event !== null ? { ...place, ...event, codes } : place)}\n`;
}

/** What the event is called in DICOM, FHIR and OCSF; null for a type that this version does not know. */
function codesIn(event: unknown): ExactCodes | null {
  return Value.Check(Shown, event) ? codesOf(event.type, event.body) : null;
}

const Shown = Type.Object({ type: Type.String(), body: Type.Record(Type.String(), Type.Unknown()) });
