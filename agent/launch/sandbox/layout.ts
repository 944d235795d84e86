/**
 * Where things are inside a session's own mount namespace. Constants and the messages between the agent and its two
 * small programs; both sides parse what they get.
 */
import Type, { type Static } from 'typebox';

/** The person's throw-away home: a tmpfs that is gone with the session. */
export const SANDBOX_HOME = '/home/wardlock';
/** Owned by root, readable by the app's user: what an application is given and must not change. */
export const SANDBOX_GIVEN = '/run/wardlock';
export const SANDBOX_XAUTHORITY = `${SANDBOX_GIVEN}/xauthority`;
export const X_SOCKET_FOLDER = '/tmp/.X11-unix';
export const SANDBOX_RUNTIME = '/run/user/session';

/** What a session may write: all of it noexec, nosuid, nodev, and gone with the session. */
export const WRITABLE_FOLDERS: readonly string[] = ['/tmp', '/dev/shm', SANDBOX_HOME, SANDBOX_RUNTIME, '/var/tmp'];
/** What an application may read besides the survey and its own files. */
export const READABLE_INSIDE: readonly string[] = [...WRITABLE_FOLDERS, SANDBOX_GIVEN, '/proc', '/dev'];

export const HOME_MEGABYTES = 512;
export const TMP_MEGABYTES = 512;

const Uid = Type.Integer({ minimum: 1, maximum: 4_294_967_293 });

export const InitRequest = Type.Object({ uid: Uid, gid: Uid, hide: Type.Array(Type.String({ pattern: '^/' })) });
export type InitRequest = Static<typeof InitRequest>;

/** Sent to a starter when it is made: all that does not depend on the application. */
export const WarmRequest = Type.Object({
  agentPid: Type.Integer({ minimum: 1 }),
  initPid: Type.Integer({ minimum: 1 }),
  cgroup: Type.String({ pattern: '^/' }),
  readable: Type.Array(Type.String({ pattern: '^/' })),
});
export type WarmRequest = Static<typeof WarmRequest>;

/** A file that the agent has opened and hashed, as the agent's own descriptor. */
const HeldFile = Type.Object({ fd: Type.Integer({ minimum: 0 }), dev: Type.String(), ino: Type.String() });

export const StartRequest = Type.Object({
  uid: Uid,
  gid: Uid,
  path: Type.String({ pattern: '^/' }),
  argv: Type.Array(Type.String(), { minItems: 1 }),
  env: Type.Record(Type.String(), Type.String()),
  cwd: Type.String({ pattern: '^/' }),
  program: HeldFile,
  /** Programs and loaders that may be executed besides. */
  executable: Type.Array(HeldFile),
  /** Files and folders to read besides, by path. */
  readable: Type.Array(Type.String({ pattern: '^/' })),
  xSocket: Type.Union([Type.Null(), Type.String({ pattern: '^/tmp/\\.X11-unix/X[0-9]{1,5}$' })]),
});
export type StartRequest = Static<typeof StartRequest>;

/** What either program says to the agent, one JSON document a line. Silence and a closed pipe after `executing` mean success. */
export const Progress = Type.Union([
  Type.Object({ state: Type.Literal('ready') }),
  Type.Object({ state: Type.Literal('executing') }),
  Type.Object({ state: Type.Literal('failed'), detail: Type.String() }),
]);
export type Progress = Static<typeof Progress>;

/** The descriptor over which both programs talk to the agent. */
export const AGENT_FD = 3;
