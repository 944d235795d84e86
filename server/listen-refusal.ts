/** Why a listener could not be opened, as whoever starts the server reads it: which port of which address, and what to do. */
import { WardlockError } from '../core/errors/index.ts';

export interface WantedAddress {
  readonly host: string;
  readonly port: number;
  /** The option that names it. */
  readonly option: string;
}

const WORDS: Readonly<Record<string, (wanted: WantedAddress) => string>> = {
  EADDRINUSE: ({ host, port, option }) =>
    `Port ${port} of ${host} is taken by another program, perhaps by this server, running already. End that one, or name another port with ${option}.`,
  EACCES: ({ host, port, option }) =>
    `This user may not listen on port ${port} of ${host}: ports below 1024 are root's. Name one from 1024 on with ${option}, or give the server that right.`,
  EADDRNOTAVAIL: ({ host, option }) =>
    `This machine has no address ${host}. Name one of its own with ${option}; 0.0.0.0 stands for all of them.`,
  ENOTFOUND: ({ host, option }) => `${host} is no address, and no name that this machine knows. Name one of its own with ${option}.`,
};

export function listenRefusal(cause: unknown, wanted: WantedAddress): WardlockError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words = Object.hasOwn(WORDS, code) ? WORDS[code]?.(wanted) : undefined;
  const why = cause instanceof Error ? cause.message : 'unknown';
  const { host, port } = wanted;
  return new WardlockError('SERVER_LISTEN_FAILED', words ?? `The system refused to listen on port ${port} of ${host}: ${why}.`, { cause });
}
