/**
 * Names an open descriptor of the agent to a starter: by number, and by what the file is, so that a mistake is noticed.
 */
import { fstatSync } from 'node:fs';
import type { HeldFile } from './messages.ts';

export function heldFile(fd: number): HeldFile {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return { fd, dev: String(dev), ino: String(ino) };
}
