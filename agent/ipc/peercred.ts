/**
 * Who is on the other end of a local socket, as the kernel says (unix(7), SO_PEERCRED). The one file that touches the
 * private handle of a Node socket; the agent serves nobody when the self-test below fails.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';
import { socketOption } from '../os/libc.ts';

/** The credentials of the process that called connect(2), fixed at that moment. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_BYTES = 12;
const SELF_TEST_LIMIT_MS = 2_000;

/** Node gives no descriptor of a socket. The handle is private, so its shape is checked at each use. */
const SocketWithHandle = Type.Object({ _handle: Type.Object({ fd: Type.Integer({ minimum: 0 }) }) });

/**
 * The peer of a connected local socket.
 * @throws WardlockError `IPC_PEER_UNKNOWN` when the kernel or Node does not tell: the connection must then be closed
 */
export function peerCredentials(socket: net.Socket): PeerCredentials {
  const held: unknown = socket;
  if (!Value.Check(SocketWithHandle, held)) throw new WardlockError('IPC_PEER_UNKNOWN');
  const ucred = socketOption(held._handle.fd, SOL_SOCKET, SO_PEERCRED, UCRED_BYTES);
  const pid = ucred.readInt32LE(0);
  // 0 is no process: not a local peer at all, or one of a pid namespace that this process can't see into.
  if (pid === 0) throw new WardlockError('IPC_PEER_UNKNOWN');
  return { pid, uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

/**
 * Connects to itself and expects its own pid and user on the other end.
 * @throws WardlockError `IPC_PEER_UNKNOWN` when anything else comes back: the agent must then refuse to serve
 */
export async function selfTestPeerCredentials(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-peer-'));
  try {
    const seen = await meetOneself(join(folder, 'self.sock'));
    if (seen.pid !== process.pid || seen.uid !== process.geteuid?.() || seen.gid !== process.getegid?.()) {
      throw new WardlockError('IPC_PEER_UNKNOWN', 'The kernel named another process than this one at the end of its own socket.');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function meetOneself(path: string): Promise<PeerCredentials> {
  const server = net.createServer();
  const { promise, resolve, reject } = Promise.withResolvers<PeerCredentials>();
  const deadline = setTimeout(
    () => reject(new WardlockError('IPC_PEER_UNKNOWN', 'The self-test of peer credentials got no connection.')),
    SELF_TEST_LIMIT_MS,
  );
  server.on('error', reject);
  server.on('connection', (socket) => {
    socket.on('error', reject);
    try {
      resolve(peerCredentials(socket));
    } catch (cause) {
      reject(cause);
    } finally {
      socket.destroy();
    }
  });
  server.listen(path, () => net.connect(path).on('error', reject).resume());
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    server.close();
  }
}

/**
 * The cgroup v2 path of a process, such as `/wardlock/ui`, or `undefined` when it is gone or the kernel has no cgroup v2.
 * A pid can be reused: read this while the connection is open, and compare the uid as well.
 */
export async function processCgroup(pid: number): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return undefined;
  }
  // cgroups(7): the line of the unified hierarchy has the number 0 and no controllers.
  return text
    .split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice('0::'.length);
}
