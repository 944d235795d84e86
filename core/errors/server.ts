/** Errors of the server. */
export const serverErrors = {
  SERVER_UNREACHABLE: 'The server did not answer. Check the address and that it is running.',
  SERVER_REFUSED: 'The server refused the request.',
} as const;
