/** What the syncer may ask of the agent: the requests of the sync boundary, whoever carries them. */
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import type { SyncBoundary } from '../../contract/sync.ts';

export interface AgentPort {
  request<N extends RequestName<SyncBoundary>>(name: N, params: Params<SyncBoundary, N>): Promise<Result<SyncBoundary, N>>;
}
