/**
 * Who is on the other end of a socket, and the answer of whoever decides that. It must never decide itself: the agent
 * reads the kernel's credentials (agent/ipc/peercred), because Node has no API for them.
 */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../core/errors/index.ts';

/** The kernel's own word on the peer at connect time: SO_PEERCRED of socket(7). */
export interface Peer {
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

export type Verdict =
  | { readonly admitted: true; readonly peer: Peer }
  | { readonly admitted: false; readonly code: ErrorCode; readonly peer: Peer | null };

/** Decides on a connection before a byte of it is read. Throwing counts as a refusal. */
export type Admit = (socket: Socket) => Verdict;

/** What was refused at a border, for the record. */
export interface Refusal {
  readonly border: string;
  readonly code: ErrorCode;
  readonly peer: Peer | null;
  /** A method name or a short word; never content. */
  readonly what: string;
}
