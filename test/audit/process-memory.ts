/** A dump of the memory of a process that records events, as whoever is root takes one. Test helper; needs root. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Appender } from './appender-process.ts';

/** Stops the process for good. */
export async function stoppedMemory({ child, ended }: Appender): Promise<readonly Buffer[]> {
  child.kill('SIGSTOP');
  const memory = memoryOf(child.pid ?? 0);
  child.kill('SIGKILL');
  await ended;
  return memory;
}

/** The writable, private memory of a stopped process, without what is not there. */
function memoryOf(pid: number): readonly Buffer[] {
  const parts: Buffer[] = [];
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  for (const line of maps) {
    const [, from = '', to = '', name = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ \d+\s*(.*)$/.exec(line) ?? [];
    if (from === '' || !(name === '' || name.startsWith('[heap]') || name.startsWith('[anon'))) continue;
    const length = Number.parseInt(to, 16) - Number.parseInt(from, 16);
    if (length > 64 * 1024 * 1024) continue;
    const dump = spawnSync(
      'dd',
      [`if=/proc/${pid}/mem`, 'bs=4096', `skip=${BigInt(`0x${from}`) / 4096n}`, `count=${length / 4096}`, 'status=none'],
      { maxBuffer: length + 4096 },
    );
    if (dump.stdout.length > 0) parts.push(dump.stdout);
  }
  return parts;
}
