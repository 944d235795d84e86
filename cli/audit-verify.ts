/**
 * `audit verify`: says whether a seat's log or an auditor's export is whole and unchanged, and names what is not. Owns its
 * answer and exit code: 0 whole, 1 faults and nothing else, 2 UNANCHORED where no key from outside speaks for a log, those of sysexits where
 * nothing could be verified. Writes nothing to the evidence.
 */
import type { Command } from 'commander';
import { isDamage } from '../agent/store/database.ts';
import { kindOf, openSnapshot, openStoreFolder, type StoredLog } from '../agent/store/evidence.ts';
import { verifyStored } from '../agent/store/verify-stored.ts';
import { toHex } from '../core/audit/bytes.ts';
import type { SectionSummary } from '../core/audit/export/coverage.ts';
import type { Publication } from '../core/audit/export/published.ts';
import type { ExportSummary } from '../core/audit/export/verify-export.ts';
import { describeFault, type Fault } from '../core/audit/faults.ts';
import type { NoteVerifier } from '../core/audit/note.ts';
import type { LogSource, VerifySummary } from '../core/audit/verify/source.ts';
import { verifyLog } from '../core/audit/verify/verify-log.ts';
import { WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { keysByUse, keysFrom, linesOf, timeText, unanchored } from './audit-input.ts';
import { orRefuse, REFUSAL_HELP } from './audit-refusal.ts';
import { group } from './group.ts';

interface VerifyFlags {
  readonly key: readonly string[];
  readonly json?: boolean;
}

const EXIT_FAULTS = 1;
const EXIT_UNANCHORED = 2;
const EXIT_HELP = `
Exit code: 0 whole and unchanged; 1 faults, a line each; 2 UNANCHORED: no key from outside speaks for it;
${REFUSAL_HELP}: then nothing was verified.`;
const READING_ENDED = 'Reading ended there, so what follows was not verified';
/** JSON is one document, so its list of faults is bounded; `faultCount` always counts all. */
const JSON_FAULTS = 10_000;

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('verify <path>')
    .description("verify a seat's snapshot, a stopped store's folder or an auditor's export, offline")
    .option('--key <vkey>', 'verification key from outside, or a file with it; may be given again', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXIT_HELP)
    .action((path: string, flags: VerifyFlags) => orRefuse(path, flags.json === true, () => verify(path, keysFrom(flags.key), flags)));
}

async function verify(path: string, keys: readonly NoteVerifier[], flags: VerifyFlags): Promise<number> {
  const report = new Report(path, flags.json === true);
  const kind = kindOf(path);
  if (kind === 'text' && (await hasExportLine(path))) await verifyExportFile(path, keys, report);
  else if (kind === 'text' || kind === 'unknown') {
    throw new WardlockError('AUDIT_STORE_FOREIGN', `${path} is neither a snapshot, nor the folder of an audit store, nor an audit export.`);
  } else {
    const evidence = kind === 'store' ? openStoreFolder(path, nodeCrypto) : openSnapshot(path, nodeCrypto);
    try {
      for (const [at, source] of evidence.sources.entries())
        await verifyReadable(at === 0 ? evidence.stored : undefined, source, keys, report);
      for (const fault of evidence.faults) report.fault(fault);
    } finally {
      evidence.close();
    }
  }
  return report.finish(keys.length > 0);
}

/** Damage that nothing leads around ends the verification of this log, and is a fault of it. */
async function verifyReadable(...[stored, source, keys, report]: Parameters<typeof verifySource>): Promise<void> {
  try {
    await verifySource(stored, source, keys, report);
  } catch (error) {
    if (!isDamage(error)) throw error;
    report.fault({ code: 'STORE_DAMAGED', detail: `${READING_ENDED} (${error.message}).` });
  }
}

/** @param stored where the log lies, if it is one that two threads can read */
async function verifySource(
  stored: StoredLog | undefined,
  source: LogSource,
  keys: readonly NoteVerifier[],
  report: Report,
): Promise<void> {
  const trusted = keysByUse(keys);
  const before = report.count;
  const summary =
    stored === undefined
      ? withoutHashes(drain(verifyLog(nodeCrypto, source, trusted), report))
      : await verifyStored(nodeCrypto, { stored, source, keys: trusted, onFault: (fault) => report.fault(fault) });
  const nobody = keys.length === 0 || report.count > before ? undefined : unanchored(source, trusted, summary);
  if (nobody !== undefined) report.unanchored(nobody);
  report.summary(logSummary(source, summary, trusted.receiptKeys.length > 0), { incarnation: toHex(source.log.incarnation), ...summary });
}

/** Exports alone need schemas, which take as much memory as the rest of this command. */
async function verifyExportFile(path: string, keys: readonly NoteVerifier[], report: Report): Promise<void> {
  const { verifyExport } = await import('../core/audit/export/verify-export.ts');
  const summary = drain(verifyExport(nodeCrypto, linesOf(path), { keys }), report);
  report.summary(exportSummary(summary), summary);
}

/** Some other JSON begins with a brace too. A damaged export has lines of its format left. */
async function hasExportLine(path: string): Promise<boolean> {
  const { parseLine } = await import('../core/audit/export/lines.ts');
  for (const line of linesOf(path)) if (parseLine(line) !== undefined) return true;
  return false;
}

/** The bounds of what was proven stand beside the OK: an export says nothing of what lies outside them. */
function exportSummary({ entries, sections, decrypted, undecrypted }: ExportSummary): string {
  const matched = `${decrypted} events match what was sealed`;
  const all = undecrypted === 0 ? matched : `${matched}, ${undecrypted} ARE SEALED AND WERE NOT CHECKED`;
  return [`${entries} entries of ${sections.length} logs, ${all}`, ...sections.map(sectionSummary)].join('; ');
}

function sectionSummary(section: SectionSummary): string {
  const { incarnation, size, ranges, runs, pruned, undecrypted, firstWallMicros, lastWallMicros } = section;
  const inWords = (some: SectionSummary['ranges']): string => some.map(({ from, to }) => `${from} to ${to}`).join(' and ');
  const gone = pruned.length === 0 ? '' : `entries ${inWords(pruned)} were pruned by retention, as the server signed`;
  const shown = publicationText(section.published);
  if (runs === 0) return `log ${incarnation}: ${gone}, of ${size} in the checkpoint, ${shown}`;
  const named = inWords(ranges);
  const rest = runs > ranges.length ? ` in ${runs} runs` : '';
  return `log ${incarnation}: entries ${named}${rest} of ${size} in the checkpoint, ${timeText(firstWallMicros)} to ${timeText(lastWallMicros)}, ${undecrypted} undecrypted${gone === '' ? '' : `, ${gone}`}, ${shown}`;
}

function publicationText(published: Publication): string {
  if (published === 'unchecked') return 'log of logs not checked (no --key of it)';
  return published === 'waiting' ? 'NOT YET IN THE LOG OF LOGS' : `its first ${published} entries are in the log of logs`;
}

function drain<T>(faults: Generator<Fault, T>, report: Report): T {
  let step = faults.next();
  while (step.done !== true) {
    report.fault(step.value);
    step = faults.next();
  }
  return step.value;
}

function logSummary(source: LogSource, summary: Omit<VerifySummary, 'hashes'>, receiptsChecked: boolean): string {
  const { from, size, epochs, receipted, witnessed, firstWallMicros, lastWallMicros } = summary;
  const pruned = from > 0 ? `, pruned before ${from}` : '';
  const receipts =
    source.unreceipted === true
      ? 'its receipts are not kept beside it'
      : receiptsChecked
        ? `receipted to ${receipted}`
        : "receipts not checked (no --key of the server's mirror)";
  return `seat ${toHex(source.log.workstation)} log ${toHex(source.log.incarnation)}: ${size} entries${pruned}, ${epochs} epochs, ${timeText(firstWallMicros)} to ${timeText(lastWallMicros)}, ${receipts}${witnessed > 0 ? `, cosigned by the witness to ${witnessed}` : ''}`;
}

function withoutHashes(summary: VerifySummary): Omit<VerifySummary, 'hashes'> {
  const { hashes: _hashes, ...rest } = summary;
  return rest;
}

/** Prints as it goes, or gathers one JSON document. */
class Report {
  readonly #path: string;
  readonly #json: boolean;
  readonly #faults: Fault[] = [];
  readonly #summaries: object[] = [];
  readonly #lines: string[] = [];
  readonly #unanchored: Fault[] = [];
  #count = 0;

  constructor(path: string, json: boolean) {
    this.#path = path;
    this.#json = json;
  }

  get count(): number {
    return this.#count;
  }

  /** A log that has no fault, and for which no key given speaks. */
  unanchored(why: Fault): void {
    this.#unanchored.push(why);
  }

  fault(fault: Fault): void {
    this.#count += 1;
    if (!this.#json) process.stdout.write(`${describeFault(fault)}\n`);
    else if (this.#faults.length < JSON_FAULTS) this.#faults.push(fault);
  }

  summary(line: string, values: object): void {
    this.#lines.push(line);
    this.#summaries.push(values);
  }

  finish(hasKeys: boolean): number {
    const unanchored: readonly Fault[] = hasKeys ? this.#unanchored : [{ code: 'UNANCHORED', detail: 'Give the key with --key.' }];
    const anchored = unanchored.length === 0;
    const code = hasKeys && this.#count > 0 ? EXIT_FAULTS : anchored ? 0 : EXIT_UNANCHORED;
    if (this.#json) {
      const faults = [...this.#faults, ...unanchored];
      const document = { path: this.#path, ok: code === 0, anchored, faultCount: this.#count, faults, logs: this.#summaries };
      process.stdout.write(`${JSON.stringify(document)}\n`);
      return code;
    }
    for (const why of unanchored) process.stdout.write(`${describeFault(why)}\n`);
    if (code === 0) process.stdout.write(`OK ${this.#lines.join('; ')}\n`);
    return code;
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
