/** What a syncer asks its agent, answered from a simulated record: the syncer's own lanes then run as on a real seat. */
import type { AgentPort } from '../../agent/syncer/agent-port.ts';
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SimRecord } from './record.ts';

type Answers = { readonly [N in RequestName<SyncBoundary>]?: (params: Params<SyncBoundary, N>) => Result<SyncBoundary, N> };

export function portOf(record: SimRecord, mirrorKey: string, onIncident: (code: string) => void): AgentPort {
  const answers: Answers = {
    checkpoint: () => record.checkpoint(),
    logs: () => record.logs(),
    entries: (asked) => record.entries(asked),
    consistency: (asked) => record.consistency(asked),
    receipt: (asked) => record.receipt(asked, mirrorKey),
    incident: ({ code }) => {
      onIncident(code);
      return {};
    },
  };
  return {
    request: async (name, params) => {
      const answer = answers[name];
      if (answer === undefined) throw new WardlockError('IPC_CLOSED', `A simulated seat does not answer ${name}.`);
      return answer(params);
    },
  };
}
