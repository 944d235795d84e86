/**
 * Where Chromium lays what it needs for a while, such as the socket by which a second kiosk finds the first: in the screens' own folder,
 * which goes with them. In the folder of all users each kiosk that was killed would leave some behind. It owns the choice, and no file.
 */

/** What Chromium makes below it: `/scoped_dirXXXXXX/SingletonSocket`. */
const SOCKET_BELOW_BYTES = 33;
/** With the zero byte that ends it (unix(7)). */
const MOST_SOCKET_PATH_BYTES = 108;

/** @returns null where a socket in that folder would have too long a path: the system's own folder is taken then */
export function temporaryFolder(own: string): string | null {
  return Buffer.byteLength(own) + SOCKET_BELOW_BYTES < MOST_SOCKET_PATH_BYTES ? own : null;
}
