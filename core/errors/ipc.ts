/** Errors of the local sockets. */
export const ipcErrors = {
  IPC_PEER_REFUSED: 'The process on the other end of this socket is not allowed to use it.',
  IPC_PEER_UNKNOWN: 'The operating system did not tell who is on the other end of a socket.',
  IPC_FRAME_TOO_LARGE: 'A message was larger than the frame limit and was refused.',
  IPC_MESSAGE_MALFORMED: 'A message did not fit its schema and was refused.',
  IPC_METHOD_UNKNOWN: 'The method is not part of this socket.',
  IPC_PROTOCOL_MISMATCH: 'The two sides speak different protocol versions. Update the older one.',
  IPC_CLOSED: 'The connection closed before an answer came.',
  IPC_TIMEOUT: 'No answer came in time.',
  IPC_TOO_MANY: 'Too many connections or unanswered requests at once.',
  IPC_HANDLER_FAILED: 'The other side failed while it worked on the request. Its operational log says more.',
  UI_REFUSED: 'The screens refused what a page or a person tried at their border.',
  IPC_PATH_REFUSED: 'The path of the socket is too long or is taken by something else.',
} as const;
