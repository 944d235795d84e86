/**
 * Where things are inside a session's own mount namespace. Constants only, shared by the agent and its two small programs.
 */
/** The person's throw-away home: a tmpfs that is gone with the session. */
export const SANDBOX_HOME = '/home/wardlock';
/** Owned by root, readable by the app's user: what an application is given and must not change. */
export const SANDBOX_GIVEN = '/run/wardlock';
export const SANDBOX_XAUTHORITY = `${SANDBOX_GIVEN}/xauthority`;
/** How the window manager of the session's display is set up. */
export const SANDBOX_WINDOW_MANAGER = `${SANDBOX_GIVEN}/window-manager.xml`;
export const X_SOCKET_FOLDER = '/tmp/.X11-unix';
export const SANDBOX_RUNTIME = '/run/user/session';

/** What a session may write: all of it noexec, nosuid, nodev, and gone with the session. */
const WRITABLE_FOLDERS: readonly string[] = ['/tmp', '/dev/shm', SANDBOX_HOME, SANDBOX_RUNTIME, '/var/tmp'];
/** What an application may read besides the survey and its own files. */
export const READABLE_INSIDE: readonly string[] = [...WRITABLE_FOLDERS, SANDBOX_GIVEN, '/proc', '/dev'];

/** How much a session may put where; all of it is memory. */
export const MEGABYTES = { home: 512, tmp: 256, sharedMemory: 512, small: 64 } as const;

/** The descriptor over which both programs talk to the agent. */
export const AGENT_FD = 3;
