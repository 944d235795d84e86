/**
 * The seat's operational log: JSON lines on standard error, for the service manager's journal. For the helpdesk, never the audit
 * record, and it must hold no name, badge, PIN or key: the redaction comes first.
 */
import winston from 'winston';
import { redaction } from '../core/log.ts';

/** What a process of the seat may say. Fields are struck out by name; see core/log.ts. */
export interface SeatLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Every level goes to standard error: standard output belongs to a program's answers. */
const LEVELS = ['error', 'warn', 'info'];

/** @param service which process speaks, such as `agent` or `syncer` */
export function openLog(service: string): SeatLog {
  return winston.createLogger({
    level: 'info',
    defaultMeta: { service },
    format: winston.format.combine(redaction(), winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console({ stderrLevels: LEVELS })],
  });
}
