/**
 * The kiosk's line to the agent: connects, reconnects, and notices when the agent is gone or hung. It owns the state of
 * the link and must report anything but a living agent at once: without one the seat is an opaque lock.
 */
import type { EventBody, Params, RequestName, Result } from '../../contract/boundary.ts';
import type { LinkState } from '../../contract/bridge.ts';
import { type UiBoundary, uiBoundary } from '../../contract/ui.ts';
import { type ErrorCode, isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';

/** How often the agent is asked whether it lives, in milliseconds. */
const PING_INTERVAL_MS = 1_000;
/** An agent that does not answer for this long counts as dead (a stopped process is a lost one). */
export const HANG_LIMIT_MS = 2_500;
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 1_000;
/** After this long without a first connection the screen says that the agent is away. */
const CONNECTING_LIMIT_MS = 3_000;

/** What reconnecting can't mend by itself: the wrong socket, the wrong version. */
const REFUSALS: readonly ErrorCode[] = ['IPC_PEER_REFUSED', 'IPC_PROTOCOL_MISMATCH'];

export interface LinkOptions {
  readonly path: string;
  readonly build: string;
  readonly onState: (state: LinkState, why: ErrorCode | undefined) => void;
  readonly onView: (view: EventBody<UiBoundary, 'view'>) => void;
  readonly onWeb: (web: EventBody<UiBoundary, 'web'>) => void;
  readonly onBar: () => void;
}

export interface AgentLink {
  request<N extends RequestName<UiBoundary>>(name: N, params: Params<UiBoundary, N>, timeoutMs?: number): Promise<Result<UiBoundary, N>>;
  stop(): void;
}

/** Starts the line; it tries until `stop` is called. */
export function openLink(options: LinkOptions): AgentLink {
  let client: BoundaryClient<UiBoundary> | undefined;
  let state: LinkState = 'connecting';
  let stopped = false;
  let retryMs = RETRY_FIRST_MS;
  let timer: NodeJS.Timeout | undefined;
  const begun = performance.now();

  const tell = (next: LinkState, why?: ErrorCode): void => {
    if (stopped || next === state) return;
    state = next;
    options.onState(next, why);
  };
  const later = (action: () => void, ms: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(action, ms);
  };
  const lost = (why: WardlockError): void => {
    client = undefined;
    if (REFUSALS.includes(why.code)) tell('refused', why.code);
    else if (why.code === 'IPC_TIMEOUT') tell('hung', why.code);
    else if (state === 'up' || performance.now() - begun > CONNECTING_LIMIT_MS) tell('away', why.code);
    later(() => void attempt(), retryMs);
    retryMs = Math.min(RETRY_LAST_MS, retryMs * 2);
  };
  const ping = async (of: BoundaryClient<UiBoundary>): Promise<void> => {
    try {
      await of.request('ping', {}, HANG_LIMIT_MS);
      if (client === of) later(() => void ping(of), PING_INTERVAL_MS);
    } catch (failure) {
      if (client !== of) return;
      client = undefined;
      of.close();
      lost(coded(failure));
    }
  };
  const attempt = async (): Promise<void> => {
    // Views may arrive before the answer to hello: they count only once the link is up.
    const early: EventBody<UiBoundary, 'view'>[] = [];
    let mine: BoundaryClient<UiBoundary> | undefined;
    try {
      mine = await connect({
        boundary: uiBoundary,
        path: options.path,
        build: options.build,
        events: {
          view: (view) => (mine === undefined ? early.push(view) : client === mine && options.onView(view)),
          web: (web) => options.onWeb(web),
          bar: () => options.onBar(),
        },
        onClosed: (why) => {
          if (mine !== undefined && client === mine) lost(why);
        },
      });
    } catch (failure) {
      lost(coded(failure));
      return;
    }
    if (stopped || !mine.open) {
      mine.close();
      if (!stopped) lost(new WardlockError('IPC_CLOSED'));
      return;
    }
    client = mine;
    retryMs = RETRY_FIRST_MS;
    tell('up');
    options.onView(mine.welcome);
    for (const view of early) if (view.generation > mine.welcome.generation) options.onView(view);
    void ping(mine);
  };

  void attempt();
  return {
    async request(name, params, timeoutMs) {
      if (client === undefined) throw new WardlockError('IPC_CLOSED');
      return await client.request(name, params, timeoutMs);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      client?.close();
      client = undefined;
    },
  };
}

function coded(failure: unknown): WardlockError {
  return isWardlockError(failure) ? failure : new WardlockError('IPC_CLOSED', undefined, { cause: failure });
}
