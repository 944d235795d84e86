/**
 * Who may use which socket: the kernel's word on the peer against the one user that each socket is for. It must never
 * admit a peer that the kernel did not name.
 */

import { readFileSync } from 'node:fs';
import type { Admit, Verdict } from '../../ipc/peer.ts';
import { peerCredentials } from '../ipc/peercred.ts';

/**
 * Only these users; whoever runs the agent is not among them by itself.
 * @param cgroup where given, the peer must also be in exactly this cgroup (cgroups(7)): the same user elsewhere is a stranger
 */
export function admitUsers(uids: readonly number[], cgroup: string | null = null): Admit {
  return (socket): Verdict => {
    const peer = peerCredentials(socket);
    const admitted = uids.includes(peer.uid) && (cgroup === null || cgroupOf(peer.pid) === cgroup);
    return admitted ? { admitted, peer } : { admitted, code: 'IPC_PEER_REFUSED', peer };
  };
}

/** Read while the connection is open, and next to the uid, because a number can be given to another process. */
function cgroupOf(pid: number): string | undefined {
  const UNIFIED = '0::';
  try {
    const rows = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
    return rows.find((row) => row.startsWith(UNIFIED))?.slice(UNIFIED.length);
  } catch {
    return undefined;
  }
}
