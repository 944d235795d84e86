/**
 * How much a person may save from web applications in one session, and why something was not saved. What is saved lies in memory,
 * on its way and in the session's home, so each of these is a bound of what a page can take from the seat. Constants only.
 */

/** The largest file. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** All files of a session together; the home holds twice as much. */
export const MAX_SESSION_BYTES = 256 * 1024 * 1024;
/** Files of a session. */
export const MAX_SESSION_FILES = 100;
/** Downloads that run at the same time. */
export const MAX_AT_ONCE = 3;

/** Beside the sockets: where the screens leave what came, until the agent has taken it. */
export const INCOMING_FOLDER = 'incoming';
/** Below the session's home. */
export const DOWNLOADS_FOLDER = 'Downloads';

/** What the screens see of a download that comes to nothing. */
export type SeenByScreens = 'not-allowed' | 'address' | 'too-large' | 'at-once' | 'locked' | 'closed' | 'failed';
/** Why a file was not saved; the `reason` of a `download.refused` event. What stands here besides only the agent knows. */
export type NotSaved = SeenByScreens | 'session-full' | 'no-place' | 'no-application' | 'flood' | 'screens-lost';

/** What a session has saved so far. */
export interface Saved {
  readonly files: number;
  readonly bytes: number;
}

/** Whether one more file of this size fits; undefined when it does. */
export function overLimit(saved: Saved, bytes: number): NotSaved | undefined {
  if (bytes > MAX_FILE_BYTES) return 'too-large';
  return saved.files >= MAX_SESSION_FILES || saved.bytes + bytes > MAX_SESSION_BYTES ? 'session-full' : undefined;
}
