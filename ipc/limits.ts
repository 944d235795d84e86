/**
 * Every limit of the local sockets, in one place. A peer that goes past one of them is cut off and reported; nothing
 * here may be changed from outside, least of all by the other side.
 */

/** Largest JSON body of one frame, in bytes. Larger ones are refused before a byte of them is stored. */
export const FRAME_LIMIT = 256 * 1024;
/** Bytes of the big-endian length before each body. */
export const FRAME_HEADER = 4;
/** A connection that has not said `hello` by then is closed, in milliseconds. */
export const HELLO_TIMEOUT_MS = 5_000;
/** A frame that has begun must be complete by then, in milliseconds. */
export const FRAME_TIMEOUT_MS = 10_000;
/** How long a client waits for an answer unless it says otherwise, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How long a client waits for the socket to accept it, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** How long a refused peer may take to read why, in milliseconds. */
export const LINGER_MS = 1_000;
/** Requests of one connection that may be unanswered at a time. */
export const IN_FLIGHT_LIMIT = 64;
/** Bytes that may wait to be written to one peer: a peer that reads slower than this is a hung peer. */
export const OUTBOUND_LIMIT = 4 * 1024 * 1024;
/** `sun_path` of unix(7) holds 108 bytes with its terminating zero. */
export const SOCKET_PATH_LIMIT = 107;
