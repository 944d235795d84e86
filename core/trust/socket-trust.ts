/**
 * The client's side of trust in a local socket: whoever connects checks first that the socket and its folder belong to
 * the owner it expects and that no other user could have put them there. A rule over plain numbers; reads no file.
 */

/** The fields of an `lstat` that the rule needs. */
interface FileStanding {
  readonly uid: number;
  readonly mode: number;
}

/** What was found at the socket's path and at its folder's, neither of them followed as a link. */
export interface SocketStanding {
  readonly socket: FileStanding;
  readonly folder: FileStanding;
}

export type SocketTrust =
  | { readonly trusted: true }
  | { readonly trusted: false; readonly reason: 'not-a-socket' | 'not-a-folder' | 'foreign-owner' | 'world-writable' };

const TYPE_MASK = 0o170000;
const TYPE_SOCKET = 0o140000;
const TYPE_FOLDER = 0o040000;
const WORLD_WRITE = 0o002;
const GROUP_WRITE = 0o020;

/**
 * Whether a socket may be connected to. The folder must be writable by its owner alone; the socket itself may be
 * writable by its group, because connecting needs write permission (unix(7)).
 * @param expectedOwner the uid that the other end runs as, 0 for an agent that is installed as a service
 */
export function judgeSocket(standing: SocketStanding, expectedOwner: number): SocketTrust {
  if ((standing.folder.mode & TYPE_MASK) !== TYPE_FOLDER) return { trusted: false, reason: 'not-a-folder' };
  if ((standing.socket.mode & TYPE_MASK) !== TYPE_SOCKET) return { trusted: false, reason: 'not-a-socket' };
  if (standing.folder.uid !== expectedOwner || standing.socket.uid !== expectedOwner) return { trusted: false, reason: 'foreign-owner' };
  if ((standing.folder.mode & (WORLD_WRITE | GROUP_WRITE)) !== 0) return { trusted: false, reason: 'world-writable' };
  if ((standing.socket.mode & WORLD_WRITE) !== 0) return { trusted: false, reason: 'world-writable' };
  return { trusted: true };
}
