/**
 * A test double of the agent behind the real boundary and a real socket: it pushes whatever view a test wants to see and
 * keeps what the kiosk asked. For rare states and for what only the kiosk decides; everyday ways are tested with the agent itself.
 */
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { peerCredentials } from '../../../agent/ipc/peercred.ts';
import type { EventBody, Params, RequestName } from '../../../contract/boundary.ts';
import type { SeatView } from '../../../contract/seat-view.ts';
import { type UiBoundary, uiBoundary } from '../../../contract/ui.ts';
import type { Handlers } from '../../../ipc/connection.ts';
import { listen } from '../../../ipc/server.ts';

export type Asked = {
  readonly [N in RequestName<UiBoundary>]: { readonly name: N; readonly params: Params<UiBoundary, N> };
}[RequestName<UiBoundary>];

export interface AgentDouble {
  readonly socket: string;
  /** Everything the kiosk asked, in order. */
  readonly asked: Asked[];
  /** What was asked under one name. */
  of<N extends RequestName<UiBoundary>>(name: N): readonly Params<UiBoundary, N>[];
  /** Pushes a view with the next generation. */
  push(view: SeatView): void;
  web(event: EventBody<UiBoundary, 'web'>): void;
  /** What happens on an intent, besides that it is taken. */
  on<N extends RequestName<UiBoundary>>(name: N, react: (params: Params<UiBoundary, N>) => void): void;
  /** What the next prints are answered with. */
  answer(name: 'print', value: { readonly taken: boolean }): void;
  /** While true, requests stay unanswered: a hung agent. */
  hang(hung: boolean): void;
  close(): Promise<void>;
}

export async function startAgentDouble(folder: string, owner: { readonly gid: number } | undefined, first: SeatView): Promise<AgentDouble> {
  const run = join(folder, 'run');
  await mkdir(run, { recursive: true, mode: 0o755 });
  if (owner !== undefined) await chown(run, 0, owner.gid);
  const socket = join(run, 'ui.sock');
  let view = first;
  let hung = false;
  let mayPrint = true;
  const waiting: (() => void)[] = [];
  const asked: Asked[] = [];
  const reactions = new Map<string, (params: never) => void>();

  const answer = async <T>(name: RequestName<UiBoundary>, params: unknown, value: () => T): Promise<T> => {
    if (hung) await new Promise<void>((resolve) => waiting.push(resolve));
    if (name !== 'ping' && name !== 'activity') asked.push({ name, params } as Asked);
    reactions.get(name)?.(params as never);
    return value();
  };
  const taken = (name: RequestName<UiBoundary>) => (params: unknown) => answer(name, params, () => ({ taken: true }));
  const nothing = (name: RequestName<UiBoundary>) => (params: unknown) => answer(name, params, () => ({}));
  const handlers: Handlers<UiBoundary> = {
    hello: (params) => answer('hello', params, () => view),
    badge: taken('badge'),
    badgeTooLong: taken('badgeTooLong'),
    name: taken('name'),
    names: (params) => answer('names', params, () => ({ people: [{ id: 'anna.reyes', displayName: 'Anna Reyes', initials: 'AR' }] })),
    code: taken('code'),
    pin: taken('pin'),
    enrolBadge: (params) => answer('enrolBadge', params, () => ({ outcome: 'taken' as const, triesLeft: 10, waitMs: 0 })),
    changePin: (params) => answer('changePin', params, () => ({ outcome: 'changed' as const, triesLeft: 10, waitMs: 0 })),
    cancel: taken('cancel'),
    lock: taken('lock'),
    logout: taken('logout'),
    stay: taken('stay'),
    handOver: taken('handOver'),
    witness: taken('witness'),
    procedure: taken('procedure'),
    launch: taken('launch'),
    front: taken('front'),
    close: taken('close'),
    print: (params) => answer('print', params, () => ({ taken: mayPrint })),
    printed: nothing('printed'),
    webRefused: taken('webRefused'),
    webFailed: taken('webFailed'),
    download: taken('download'),
    downloadRefused: taken('downloadRefused'),
    breakGlass: taken('breakGlass'),
    enrol: taken('enrol'),
    activity: nothing('activity'),
    power: nothing('power'),
    surface: nothing('surface'),
    refused: nothing('refused'),
    ping: nothing('ping'),
  };
  const server = await listen({
    boundary: uiBoundary,
    path: socket,
    limit: 1,
    admit: (peer) => ({ admitted: true, peer: peerCredentials(peer) }),
    handlers,
    onRefused: ({ code, what }) => process.stderr.write(`agent double refused ${what}: ${code}\n`),
    onFault: (method, fault) => process.stderr.write(`agent double failed in ${method}: ${String(fault)}\n`),
    ...(owner === undefined ? {} : { group: owner.gid }),
  });
  return {
    socket,
    asked,
    of: (name) => asked.filter((one) => one.name === name).map((one) => one.params as never),
    push(next) {
      view = { ...next, generation: view.generation + 1 };
      server.broadcast('view', view);
    },
    web: (event) => server.broadcast('web', event),
    on: (name, react) => void reactions.set(name, react as (params: never) => void),
    answer(_name, { taken }) {
      mayPrint = taken;
    },
    hang(next) {
      hung = next;
      if (!next) for (const resume of waiting.splice(0)) resume();
    },
    close: () => server.close(),
  };
}
