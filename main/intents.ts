/**
 * What happens to each intent of the page: most go to the agent as they are; a lock is drawn before the agent answers.
 * It must never draw an unlock: only a view of the agent does that.
 */
import { app } from 'electron';
import type { Params, RequestName, Result } from '../contract/boundary.ts';
import type { Picture, SeatMode } from '../contract/bridge.ts';
import type { UiBoundary } from '../contract/ui.ts';
import type { AgentLink } from './agent/link.ts';
import type { BridgeHandlers } from './bridge/serve.ts';
import type { SeatChange } from './picture.ts';

/** Checking a PIN costs time on purpose; a slow seat gets this long, in milliseconds. */
const CREDENTIAL_TIMEOUT_MS = 20_000;
/** Enrolment talks to a server through the syncer. */
const ENROL_TIMEOUT_MS = 90_000;

export interface IntentParts {
  readonly mode: SeatMode;
  readonly link: AgentLink;
  readonly change: (change: SeatChange) => void;
  readonly picture: () => Picture;
  /** Loads a web app anew. */
  readonly retry: (appId: string) => void;
  /** Whether a person is awaited at the keyboard. */
  readonly typing: (awaited: boolean) => void;
}

export function createIntents({ mode, link, change, picture, retry, typing }: IntentParts): BridgeHandlers {
  return {
    hello: () => picture(),
    name: (params) => link.request('name', params),
    names: (params) => link.request('names', params),
    code: (params) => link.request('code', params),
    pin: (params) => link.request('pin', params, CREDENTIAL_TIMEOUT_MS),
    enrolBadge: (params) => link.request('enrolBadge', params, CREDENTIAL_TIMEOUT_MS),
    changePin: (params) => link.request('changePin', params, CREDENTIAL_TIMEOUT_MS),
    cancel: (params) => link.request('cancel', params),
    lock: (params) => locking({ link, change }, 'lock', params),
    logout: (params) => locking({ link, change }, 'logout', params),
    stay: (params) => link.request('stay', params),
    handOver: (params) => link.request('handOver', params),
    witness: (params) => link.request('witness', params),
    procedure: (params) => link.request('procedure', params),
    async launch(params) {
      const answer = await link.request('launch', params, CREDENTIAL_TIMEOUT_MS);
      if (answer.taken) change({ kind: 'launched', appId: params.appId });
      return answer;
    },
    close: (params) => link.request('close', params),
    breakGlass: (params) => link.request('breakGlass', params, CREDENTIAL_TIMEOUT_MS),
    enrol: (params) => link.request('enrol', params, ENROL_TIMEOUT_MS),
    async show({ appId }) {
      change({ kind: 'show', appId });
      // Whose windows are uppermost on the display of native applications, and which page is open, is the agent's to say.
      const runs = picture().view?.apps.some(({ id, state }) => id === appId && state === 'running');
      // An agent that is away locks the seat: nothing is in front then.
      if (appId !== null && runs === true) await link.request('front', { appId }).catch(() => undefined);
      return {};
    },
    retry({ appId }) {
      retry(appId);
      return {};
    },
    display(display) {
      change({ kind: 'display', display });
      return {};
    },
    typing({ awaited }) {
      typing(awaited);
      return {};
    },
    leave() {
      if (mode === 'practice') app.quit();
      return {};
    },
  };
}

/** Draws the lock, then asks for it. When the agent can't answer, the lock stays until it says that the seat is closed, or is reached anew. */
export async function locking<N extends RequestName<UiBoundary> & ('lock' | 'logout' | 'power')>(
  { link, change }: Pick<IntentParts, 'link' | 'change'>,
  name: N,
  params: Params<UiBoundary, N>,
): Promise<Result<UiBoundary, N>> {
  change({ kind: 'predictLock' });
  const answer = await link.request(name, params);
  change({ kind: 'lockAnswered', taken: !('taken' in answer) || answer.taken });
  return answer;
}
