/**
 * A listening local socket for one boundary. It owns the socket file and the set of connections; it asks `admit` about
 * each peer before a byte is read, and must never serve one that was not admitted.
 */
import { chmod, chown, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Boundary, EventBody, EventName } from '../contract/boundary.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type Connection, type ConnectionOptions, ServerConnection, turnAway } from './connection.ts';
import { encodeFrame } from './frames.ts';
import { SOCKET_PATH_LIMIT } from './limits.ts';
import type { Admit, Verdict } from './peer.ts';

export interface ListenOptions<B extends Boundary> extends ConnectionOptions<B> {
  /** Absolute path of the socket file; an old socket there is replaced, anything else is refused. */
  readonly path: string;
  readonly admit: Admit;
  /** Connections served at a time; one more is refused with IPC_TOO_MANY. */
  readonly limit: number;
  /** Group of whoever may connect besides the caller's own user: the socket is 0660 then, else 0600. */
  readonly group?: number;
}

export interface BoundaryServer<B extends Boundary> {
  readonly path: string;
  /** Connections that have said hello. */
  connections(): ReadonlyArray<Connection<B>>;
  broadcast<N extends EventName<B>>(name: N, body: EventBody<B, N>): void;
  close(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const OWNER_AND_GROUP = 0o660;
const UMASK = 0o177;

/**
 * Binds and serves a boundary.
 * @throws IPC_PATH_REFUSED when the path is too long for a socket or is taken by something that is none
 */
export async function listen<B extends Boundary>(options: ListenOptions<B>): Promise<BoundaryServer<B>> {
  await clearPath(options.path);
  const connections = new Set<ServerConnection<B>>();
  const server = createServer({ pauseOnConnect: true }, (socket) => accept(socket, options, connections));
  await bind(server, options.path);
  if (options.group !== undefined) await chown(options.path, process.geteuid?.() ?? 0, options.group);
  await chmod(options.path, options.group === undefined ? OWNER_ONLY : OWNER_AND_GROUP);
  return {
    path: options.path,
    connections: () => [...connections].filter((connection) => connection.open),
    broadcast: (name, body) => {
      for (const connection of connections) connection.send(name, body);
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const connection of connections) connection.close();
      await closed;
    },
  };
}

function accept<B extends Boundary>(socket: Socket, options: ListenOptions<B>, connections: Set<ServerConnection<B>>): void {
  socket.on('error', () => socket.destroy());
  const verdict = judge(socket, options, connections.size);
  if (!verdict.admitted) {
    socket.write(encodeFrame({ id: null, error: new WardlockError(verdict.code).toBody() }));
    turnAway(socket);
    options.onRefused({ border: options.boundary.name, code: verdict.code, peer: verdict.peer, what: 'connect' });
    return;
  }
  const connection = new ServerConnection(socket, verdict.peer, {
    ...options,
    onClosed: (gone) => {
      connections.delete(connection);
      options.onClosed?.(gone);
    },
  });
  connections.add(connection);
  socket.resume();
}

function judge<B extends Boundary>(socket: Socket, options: ListenOptions<B>, served: number): Verdict {
  try {
    const verdict = options.admit(socket);
    if (verdict.admitted && served >= options.limit) return { admitted: false, code: 'IPC_TOO_MANY', peer: verdict.peer };
    return verdict;
  } catch (failure) {
    options.onFault('admit', failure);
    return { admitted: false, code: 'IPC_PEER_REFUSED', peer: null };
  }
}

async function clearPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_LIMIT) {
    throw new WardlockError(
      'IPC_PATH_REFUSED',
      `The path of the socket is longer than ${SOCKET_PATH_LIMIT} bytes. Choose a shorter state folder.`,
    );
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new WardlockError('IPC_PATH_REFUSED', `${path} is in the way and is not a socket. Remove it or choose another state folder.`);
  await unlink(path);
}

/** Binds with a umask, so that the file is never open to others, not even until chmod. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(UMASK);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}
