/** What a process listens at, as the kernel tells it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** State of a listening socket in /proc/net/tcp (tcp_states.h). */
const LISTEN = '0A';

/** Addresses of TCP sockets that this process listens at; none for one that has ended. */
export function listeningOfProcess(pid: number): readonly string[] {
  const listening = new Map<string, string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of readFileSync(table, 'utf8').trim().split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/u);
      if (fields[3] === LISTEN && fields[9] !== undefined) listening.set(`socket:[${fields[9]}]`, fields[1] ?? 'unknown');
    }
  }
  return descriptorsOf(pid).flatMap((link) => listening.get(link) ?? []);
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
