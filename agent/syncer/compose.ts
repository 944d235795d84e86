/**
 * The syncer as a whole: connects to the agent, runs its lanes while a seat is enrolled, enrols when asked, tells the
 * agent whether the server answers. It picks the concrete parts; if the agent goes, everything stops and waits.
 */
import { join } from 'node:path';
import { type SyncBoundary, syncBoundary } from '../../contract/sync.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { VERSION } from '../../core/version.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';
import { openLog } from '../log.ts';
import { enrol } from './enrol.ts';
import { readIdentity, type SyncerIdentity } from './identity.ts';
import { openSeatClient } from './seat-client.ts';
import { openSession, type Session } from './session.ts';
import type { Versions } from './updates.ts';

const BUILD = `wardlock-syncer/${VERSION}`;
/** How long to wait before the agent is asked again: longer each time in vain. */
const FIRST_RECONNECT_MS = 500;
const LAST_RECONNECT_MS = 8_000;

export interface SyncerOptions {
  /** The seat's state folder: `run/sync.sock` is in it, and the syncer's own folder `syncer`. */
  readonly stateFolder: string;
  readonly socketPath?: string;
  readonly trustedUids?: readonly number[];
}

export interface Syncer {
  close(): void;
}

type Connection = BoundaryClient<SyncBoundary>;

export function startSyncer(options: SyncerOptions): Syncer {
  const log = openLog('syncer');
  const folder = join(options.stateFolder, 'syncer');
  const path = options.socketPath ?? join(options.stateFolder, 'run', 'sync.sock');
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RECONNECT_MS;
  let present: { readonly agent: Connection; session: Session | null } | undefined;

  const again = (): void => {
    if (stopped) return;
    clearTimeout(retry);
    retry = setTimeout(() => void open(), retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RECONNECT_MS);
  };
  const open = async (): Promise<void> => {
    try {
      const agent = await connect({
        boundary: syncBoundary,
        path,
        build: BUILD,
        events: {
          enrol: (wanted) => void enrolNow(wanted),
          appended: () => present?.session?.wake(),
          news: () => present?.session?.tell(),
        },
        onClosed: () => {
          present?.session?.close();
          present = undefined;
          log.warn('the agent is gone');
          again();
        },
        ...(options.trustedUids === undefined ? {} : { trustedUids: options.trustedUids }),
      });
      retryMs = FIRST_RECONNECT_MS;
      present = { agent, session: sessionOf(agent) };
    } catch (error) {
      log.warn('cannot reach the agent', { code: isWardlockError(error) ? error.code : 'IPC_CLOSED' });
      again();
    }
  };
  const sessionOf = (agent: Connection): Session | null => {
    const { workstationId, policyVersion, directoryVersion } = agent.welcome;
    const identity = readIdentity(folder);
    if (workstationId === null || identity?.workstationId !== workstationId) return null;
    return sessionWith(agent, identity, { policy: policyVersion, directory: directoryVersion });
  };
  const sessionWith = (agent: Connection, identity: SyncerIdentity, have: Versions): Session =>
    openSession({
      agent,
      server: openSeatClient(identity.server, identity.ca, { key: identity.key, certificate: identity.certificate }),
      identity,
      folder,
      have,
      log,
      onRenewed: (renewed, known) => {
        present?.session?.close();
        if (present?.agent === agent) present.session = sessionWith(agent, renewed, known);
      },
    });
  const enrolNow = async (wanted: { readonly server: string; readonly token: string }): Promise<void> => {
    const mine = present;
    if (mine === undefined) return;
    try {
      const identity = await enrol(mine.agent, folder, wanted);
      mine.session?.close();
      mine.session = sessionWith(mine.agent, identity, { policy: 0, directory: 0 });
      // One seat that someone stands before, not a thousand that come back: its first entries need not wait.
      mine.session.wake();
      log.info('enrolled', { workstation: identity.workstationId });
    } catch (error) {
      const body = isWardlockError(error) ? error.toBody() : { code: 'SERVER_INTERNAL', message: 'The enrolment failed.' };
      log.warn('enrolment failed', { code: body.code });
      await mine.agent.request('enrolmentStep', { step: 'failed', error: body }).catch(() => log.warn('the agent is gone'));
    }
  };

  void open();
  return {
    close: () => {
      stopped = true;
      clearTimeout(retry);
      present?.session?.close();
      present?.agent.close();
    },
  };
}
