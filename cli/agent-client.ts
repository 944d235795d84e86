/** How the seat's commands reach its agent: the socket of a state folder, asked once and left. It starts no agent. */
import { join, resolve } from 'node:path';
import type { Params, RequestName, Result } from '../contract/boundary.ts';
import { type CliBoundary, cliBoundary } from '../contract/cli.ts';
import { VERSION } from '../core/version.ts';
import { type BoundaryClient, connect } from '../ipc/client.ts';

/** Where `npm start` keeps its seat, when no other folder is named. */
export const DEFAULT_SEAT_STATE = join(import.meta.dirname, '..', '.wardlock', 'seat');
export const STATE_HELP = 'state folder of the seat (default: the one of npm start)';

export interface SeatFlags {
  readonly state: string;
  readonly json?: boolean;
}

/** @throws IPC_CLOSED when no agent runs there, or what the agent refuses with */
export async function askAgent<N extends RequestName<CliBoundary>>(
  state: string,
  name: N,
  params: Params<CliBoundary, N>,
  timeoutMs?: number,
): Promise<Result<CliBoundary, N>> {
  const client: BoundaryClient<CliBoundary> = await connect({
    boundary: cliBoundary,
    path: join(resolve(state), 'run', 'cli.sock'),
    build: `wardlock-cli/${VERSION}`,
    events: {},
  });
  try {
    return await client.request(name, params, timeoutMs);
  } finally {
    client.close();
  }
}

/** One answer: a line for people, or JSON for programs. */
export function say(flags: { readonly json?: boolean }, body: object, words: string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(body)}\n` : `${words}\n`);
}
