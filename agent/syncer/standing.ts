/**
 * The lane that tells the server how far this seat enforces its policy: once after each connection, and again when it has changed. It
 * carries the agent's word and judges nothing.
 */
import Type from 'typebox';
import type { EnforcementReport } from '../../contract/enforcement.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import type { AgentPort } from './agent-port.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

export interface Standing {
  /** Whether there is more to tell at once: there never is. */
  run(signal: AbortSignal): Promise<boolean>;
}

export function openStanding(agent: AgentPort, server: SeatClient): Standing {
  let told = '';
  return {
    run: async (signal) => {
      const state = await agent.request('enforcement', {});
      const body: EnforcementReport = { kind: 'enforcement', ...state };
      const now = JSON.stringify(body);
      if (now === told) return false;
      readAnswer(await server.call({ method: 'POST', path: seatPaths.reports, signal, ...jsonBody(body) }), Type.Object({}));
      told = now;
      return false;
    },
  };
}
