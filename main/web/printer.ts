/**
 * The seat's default printer, reached by CUPS' own `lp`: a program that asks nobody anything and ends. Chromium's own printing would
 * wait for the print server in the process that draws the lock (docs/decisions.md). The job is named after the application's id alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PrintOutcome } from './printing.ts';

const LP = '/usr/bin/lp';
/** How long the print server may take with one job, in milliseconds. */
const LP_LIMIT_MS = 20_000;
/** What is read of its complaint, in characters. */
const COMPLAINT_LIMIT = 2_000;
/** In memory where the machine has such a place: what is printed is never to lie on a disk. */
const MEMORY = '/dev/shm';
const NAME_BYTES = 16;
const PRIVATE_FILE = 0o600;

/** How `lp` ended: `code` is null where it did not start or was ended. */
export interface LpEnd {
  readonly code: number | null;
  readonly started: boolean;
  readonly complaint: string;
}

/** Never rejects. @param path of `lp`; tests name another */
export async function sendToPrinter(pdf: Uint8Array, appId: string, path = LP): Promise<PrintOutcome> {
  let sheets: FileHandle | undefined;
  try {
    sheets = await held(pdf);
    return outcomeOf(await endOf(startLp(path, appId, sheets.fd)));
  } catch {
    // There is no room for it.
    return 'failed';
  } finally {
    await sheets?.close();
  }
}

/**
 * The sheets as an open file without a name, to be read from its beginning. Through a pipe `lp` would take the end of these screens for
 * the end of the page, and print the half that it has; a file with a name would outlive them.
 */
async function held(pdf: Uint8Array): Promise<FileHandle> {
  const path = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `wardlock-print-${randomBytes(NAME_BYTES).toString('hex')}`);
  const file = await open(path, 'wx+', PRIVATE_FILE);
  try {
    await unlink(path);
    // At places of its own choice, so that whoever gets the descriptor begins at the first byte.
    for (let at = 0; at < pdf.length; ) at += (await file.write(pdf, at, pdf.length - at, at)).bytesWritten;
    return file;
  } catch (failure) {
    await file.close();
    throw failure;
  }
}

function startLp(path: string, appId: string, sheets: number): ChildProcess {
  const { HOME = '/', CUPS_SERVER } = process.env;
  const options = ['-o', 'document-format=application/pdf', '-o', 'print-scaling=auto-fit'];
  return spawn(path, ['-s', '-t', `Wardlock ${appId}`, ...options, '-'], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME, ...(CUPS_SERVER === undefined ? {} : { CUPS_SERVER }) },
    stdio: [sheets, 'ignore', 'pipe'],
    cwd: '/',
    timeout: LP_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
}

function endOf(child: ChildProcess): Promise<LpEnd> {
  return new Promise((resolve) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, COMPLAINT_LIMIT);
    });
    child.on('error', () => resolve({ code: null, started: false, complaint }));
    child.on('close', (code) => resolve({ code, started: true, complaint }));
  });
}

/** What a person has to know of it. */
export function outcomeOf({ code, started, complaint }: LpEnd): PrintOutcome {
  if (code === 0) return 'sent';
  // `lp` says the same of a print server that is not there.
  if (!started || /no default destination/i.test(complaint)) return 'no-printer';
  return code === null ? 'failed' : 'refused';
}
