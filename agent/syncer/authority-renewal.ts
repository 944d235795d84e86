/**
 * Fetches a later certificate of the site's authority while the present one still holds for years: over a connection that the present
 * one proves, and judged by the agent, whose word is what counts. It must never decide what the seat believes.
 */
import Type from 'typebox';
import { AuthorityReply, type Report, seatPaths } from '../../contract/seat-api.ts';
import { authorityEnd } from '../../crypto/authority.ts';
import type { AgentPort } from './agent-port.ts';
import type { SyncerIdentity } from './identity.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

/** As long as the server lets both hold: it has made the later one by now, or is about to. */
const ASK_BEFORE_MS = 1095 * 86_400_000;
/** What was refused, or was not there yet, may be there then. */
const ASK_EVERY_MS = 3_600_000;
const MS_PER_SECOND = 1000;

export interface AuthorityRenewal {
  /** The certificate that the agent believes, where it is another than the syncer's; else null. */
  run(): Promise<string | null>;
}

export function openAuthorityRenewal(agent: AgentPort, server: SeatClient, { ca }: SyncerIdentity): AuthorityRenewal {
  let notBefore = 0;
  const report = async (body: Report): Promise<void> => {
    readAnswer(await server.call({ method: 'POST', path: seatPaths.reports, ...jsonBody(body) }), Type.Object({}));
  };
  return {
    run: async () => {
      if (authorityEnd(ca) - Date.now() > ASK_BEFORE_MS || performance.now() < notBefore) return null;
      const offered = readAnswer(await server.call({ method: 'GET', path: seatPaths.authority }), AuthorityReply);
      notBefore = performance.now() + ASK_EVERY_MS;
      const verdict = await agent.request('authority', offered);
      if (verdict.outcome === 'refused') {
        await report({ kind: 'authority', version: 0, outcome: 'refused', code: verdict.code, message: verdict.message });
        return null;
      }
      if (verdict.ca === ca) return null;
      const version = Math.floor(authorityEnd(verdict.ca) / MS_PER_SECOND);
      await report({ kind: 'authority', version, outcome: 'applied', code: null, message: null });
      return verdict.ca;
    },
  };
}
