/**
 * What the commands of IT and auditors take from the clinic of `npm start` in this checkout when nobody names another file.
 * Each is said on standard error. It reads no file and takes none that is not there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WardlockError } from '../core/errors/index.ts';

const CLINIC = join(import.meta.dirname, '..', '.wardlock');
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const FILES = { key: 'site/policy.key', ca: 'server/ca.pem', password: 'site/auditor.password' } as const;

/** The account that the clinic makes for its auditor. */
export const CLINIC_AUDITOR = 'auditor';
export const CLINIC_HELP = '(default: the one of npm start)';

/** The clinic's file for this use, or null where there is no clinic or the server is not on this machine, as the clinic's is. */
export function clinicFile(what: keyof typeof FILES, server: string): string | null {
  const path = join(CLINIC, FILES[what]);
  if (!LOOPBACK.has(URL.parse(server)?.hostname ?? '') || !existsSync(path)) return null;
  process.stderr.write(`Using ${path} of the clinic of npm start.\n`);
  return path;
}

/** @throws WardlockError START_USAGE for an option that nobody gave and no clinic fills in */
export function missing(option: string, what: string): WardlockError {
  return new WardlockError('START_USAGE', `Name ${what} with ${option}: only the clinic of npm start, on this machine, has one to take.`);
}
