/**
 * The server's operational log, JSON lines on standard error through winston. For operators, never the audit record: it
 * must not hold names, badges, PINs, tokens or bodies, and known secret fields are struck out on the way.
 */
import winston from 'winston';
import { isWardlockError } from '../core/errors/index.ts';
import { redaction } from '../core/log.ts';

export interface OperationalLog {
  info(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  warn(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  error(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

/** A fault for this log: its code and what caused it, where it has them, else its words. */
export function wordsOfFault(fault: unknown): string {
  if (!isWardlockError(fault)) return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  return fault.cause instanceof Error ? `${fault.code}: ${fault.cause.message}` : `${fault.code}: ${fault.message}`;
}

const LEVELS = ['error', 'warn', 'info'];

export function openOperationalLog(service: string): OperationalLog {
  return winston.createLogger({
    level: 'info',
    defaultMeta: { service },
    format: winston.format.combine(redaction(), winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console({ stderrLevels: LEVELS })],
  });
}
