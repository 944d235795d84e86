/**
 * Who may use which socket: the kernel's word on the peer against the one user that each socket is for. It must never
 * admit a peer that the kernel did not name.
 */

import type { Admit, Verdict } from '../../ipc/peer.ts';
import { peerCredentials } from '../ipc/peercred.ts';

/** Only these users; whoever runs the agent is not among them by itself. */
export function admitUsers(uids: readonly number[]): Admit {
  return (socket): Verdict => {
    const peer = peerCredentials(socket);
    return uids.includes(peer.uid) ? { admitted: true, peer } : { admitted: false, code: 'IPC_PEER_REFUSED', peer };
  };
}
