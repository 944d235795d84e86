/**
 * The seat's default printer, reached by CUPS' own `lp`: a program that asks nobody anything and ends. Chromium's own printing would
 * wait for the print server in the process that draws the lock (docs/decisions.md). The job is named after the application's id alone.
 */
import { spawn } from 'node:child_process';
import type { PrintOutcome } from './printing.ts';

const LP = '/usr/bin/lp';
/** How long the print server may take with one job, in milliseconds. */
const LP_LIMIT_MS = 20_000;
/** What is read of its complaint, in characters. */
const COMPLAINT_LIMIT = 2_000;

/** How `lp` ended: `code` is null where it did not start or was ended. */
export interface LpEnd {
  readonly code: number | null;
  readonly started: boolean;
  readonly complaint: string;
}

/** Never rejects. @param path of `lp`; tests name another */
export function sendToPrinter(pdf: Uint8Array, appId: string, path = LP): Promise<PrintOutcome> {
  return new Promise((resolve) => {
    const { HOME = '/', CUPS_SERVER } = process.env;
    const child = spawn(
      path,
      ['-s', '-t', `Wardlock ${appId}`, '-o', 'document-format=application/pdf', '-o', 'print-scaling=auto-fit', '-'],
      {
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME, ...(CUPS_SERVER === undefined ? {} : { CUPS_SERVER }) },
        stdio: ['pipe', 'ignore', 'pipe'],
        cwd: '/',
        timeout: LP_LIMIT_MS,
        killSignal: 'SIGKILL',
      },
    );
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, COMPLAINT_LIMIT);
    });
    child.on('error', () => resolve(outcomeOf({ code: null, started: false, complaint })));
    child.on('close', (code) => resolve(outcomeOf({ code, started: true, complaint })));
    // It may end before it has read everything: how it ended says why.
    child.stdin.on('error', () => {});
    child.stdin.end(pdf);
  });
}

/** What a person has to know of it. */
export function outcomeOf({ code, started, complaint }: LpEnd): PrintOutcome {
  if (code === 0) return 'sent';
  // `lp` says the same of a print server that is not there.
  if (!started || /no default destination/i.test(complaint)) return 'no-printer';
  return code === null ? 'failed' : 'refused';
}
