/**
 * Looks at a local socket before a client of the agent connects to it. Owns the two `lstat` calls; the rule is core's.
 * Must never follow a link: a link is what a foreign user would put there.
 */
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { judgeSocket, type SocketTrust } from '../../core/trust/socket-trust.ts';

/**
 * Whether the socket at `path` may be connected to.
 * @param expectedOwner the uid that the server is known to run as
 * @throws the file system's own error when the socket or its folder does not exist or may not be looked at
 */
export function trustSocket(path: string, expectedOwner: number): SocketTrust {
  return judgeSocket({ socket: lstatSync(path), folder: lstatSync(dirname(path)) }, expectedOwner);
}
