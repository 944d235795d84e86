/** What a syncer asks its agent, answered from a simulated record: the syncer's own lanes then run as on a real seat. */
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { AgentPort } from '../../agent/syncer/agent-port.ts';
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import { Base64, Count } from '../../contract/scalars.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SimPeople } from './people.ts';
import type { SimRecord } from './record.ts';

type Answers = { readonly [N in RequestName<SyncBoundary>]?: (params: Params<SyncBoundary, N>) => Result<SyncBoundary, N> };

const Published = Type.Object({ payload: Base64 });
const Numbered = Type.Object({ version: Count });

export interface SimAgentParts {
  readonly record: SimRecord;
  readonly people: SimPeople;
  /** As the seat's enrolment named them. */
  readonly keys: { readonly mirrorKey: string; readonly witnessKey: string };
  readonly onIncident: (code: string) => void;
  readonly onConnection: (isOnline: boolean, why: string | null) => void;
}

export function portOf({ record, people, keys, onIncident, onConnection }: SimAgentParts): AgentPort {
  const answers: Answers = {
    checkpoint: () => record.checkpoint(),
    logs: () => record.logs(),
    entries: (asked) => record.entries(asked),
    consistency: (asked) => record.consistency(asked),
    receipt: (asked) => record.receipt(asked, keys.mirrorKey),
    anchored: (asked) => record.anchored(asked, keys.witnessKey),
    directory: (asked) => people.directory(asked),
    news: (asked) => people.news(asked),
    people: (asked) => people.people(asked),
    // It enforces nothing and judges no policy: it says so, and which one it was offered.
    policy: ({ envelope }) => ({ outcome: 'applied', version: versionOf(envelope) }),
    enforcement: () => ({ mode: 'degraded.no-root', missing: [] }),
    connection: ({ state, detail = null }) => {
      onConnection(state === 'online', detail);
      return {};
    },
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

function versionOf(envelope: string): number {
  const { payload } = Value.Parse(Published, jsonOf(envelope));
  return Value.Parse(Numbered, jsonOf(payload)).version;
}

function jsonOf(base64: string): unknown {
  return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
}
