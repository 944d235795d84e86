/**
 * The seat's operational log: JSON lines on standard error, for the service manager's journal. For the helpdesk, never the audit
 * record, and it must hold no name, badge, PIN or key: the redaction comes first. What goes on without end is counted. There is no file
 * of its own: how much is kept is the journal's to say.
 */
import winston from 'winston';
import { redaction } from '../core/log.ts';
import { FLOOD_INTERVAL_MS, FloodedLog, type Log } from '../core/log-flood.ts';

/** What a process of the seat may say. Fields are struck out by name; see core/log.ts. */
export type SeatLog = Log;

/** Every level goes to standard error: standard output belongs to a program's answers. */
const LEVELS = ['error', 'warn', 'info'];

/** @param service which process speaks, such as `agent` or `syncer` */
export function openLog(service: string): SeatLog {
  const logger = winston.createLogger({
    level: 'info',
    defaultMeta: { service },
    format: winston.format.combine(redaction(), winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console({ stderrLevels: LEVELS })],
  });
  const log = new FloodedLog(logger);
  setInterval(() => log.tellRepeats(), FLOOD_INTERVAL_MS).unref();
  process.once('exit', () => log.tellRepeats());
  return log;
}
