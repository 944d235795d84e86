/**
 * Picks the agent's concrete parts and puts them together: keys, record, staff, launcher, sockets. The only file of the
 * folder that chooses; it refuses to serve when a part that others rely on fails its self-test.
 */

import type { CliBoundary } from '../contract/cli.ts';
import type { SyncBoundary } from '../contract/sync.ts';
import type { UiBoundary } from '../contract/ui.ts';
import { parseVerifierKey } from '../core/audit/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { type BoundaryServer, listen } from '../ipc/server.ts';
import { BorderWatch } from './border.ts';
import { machineClock } from './clock.ts';
import { StaffDirectory } from './credentials/directory.ts';
import { Outbox } from './credentials/outbox.ts';
import { PinCheck } from './credentials/pin.ts';
import { SeatIdentity } from './enrolment/seat-identity.ts';
import { selfTestPeerCredentials } from './ipc/peercred.ts';
import { keyOf, loadSeed, openVault, secretBox } from './keys/index.ts';
import { createLauncher } from './launch/compose.ts';
import { toldOf } from './launch/denials/told.ts';
import type { SeatLog } from './log.ts';
import type { AgentOptions } from './options.ts';
import { guardSystem, restoreSystem } from './os/restrictions/guard.ts';
import { examineScreens } from './package/screens.ts';
import { PcscStack } from './readers/pcsc/stack.ts';
import { Recorder } from './record/recorder.ts';
import { SeatAgent, type SeatOutputs, type SeatParts } from './seat-agent.ts';
import { cliEndpoint } from './sockets/cli.ts';
import { syncEndpoint } from './sockets/sync.ts';
import { uiEndpoint } from './sockets/ui.ts';
import { Incoming } from './state/incoming.ts';
import { type Layout, layoutOf, prepareLayout } from './state/layout.ts';
import { SeatMemory } from './state/memory.ts';
import { openStore } from './store/index.ts';

export interface ServingAgent {
  readonly layout: Layout;
  /** Locks, ends the session, closes the record and the sockets. */
  close(reason: string): Promise<void>;
}

/** At most one `appended` in this time goes to the syncer, in milliseconds. */
const APPENDED_INTERVAL_MS = 200;

/** Of a finding in the record (contract/events.ts). */
const DETAIL_LIMIT = 300;

/** @throws a coded error when the seat can't be served safely; nothing listens then */
export async function startAgent(options: AgentOptions, log: SeatLog): Promise<ServingAgent> {
  await selfTestPeerCredentials();
  const layout = layoutOf(options.state);
  prepareLayout(layout, options.syncer);
  await restoreSystem(layout.root, log);
  const parts = await makeParts(options, layout, log);
  const servers: { ui?: BoundaryServer<UiBoundary>; sync?: BoundaryServer<SyncBoundary>; cli?: BoundaryServer<CliBoundary> } = {};
  const seat = new SeatAgent(
    parts,
    outputsTo(servers, () => seat),
  );
  await seat.start();
  const unguard = await guardSystem(layout.root, !options.practice, log);
  servers.cli = await listen(cliEndpoint(seat, layout.cliSocket));
  servers.sync = await listen(syncEndpoint(seat, layout.syncSocket));
  const screens = await examineScreens();
  for (const what of screens.findings) {
    log.error('the screens are not what was packaged; none are taken', { what });
    parts.recorder.note({ type: 'tamper.found', body: { fault: 'PACKAGE_CHANGED', detail: what.slice(0, DETAIL_LIMIT) } });
  }
  const endpoint = uiEndpoint(seat, layout.uiSocket);
  servers.ui = await listen({ ...endpoint, admit: screens.guard(endpoint.admit) });
  log.info('the agent serves', { enforcement: parts.launcher.mode.name, enrolled: parts.identity.enrolment !== null });
  return {
    layout,
    close: async (reason) => {
      await servers.ui?.close();
      await servers.sync?.close();
      await seat.close(reason);
      await unguard();
      await servers.cli?.close();
    },
  };
}

async function makeParts(options: AgentOptions, layout: Layout, log: SeatLog): Promise<SeatParts> {
  const clock = machineClock();
  const vault = await openVault({
    dir: layout.agent,
    service: `wardlock ${layout.root}`,
    crypto: nodeCrypto,
    keychain: options.keychain,
    credentialsDirectory: process.env.CREDENTIALS_DIRECTORY,
  });
  const boxFor = async (name: string) => secretBox(nodeCrypto, await keyOf(vault, name, nodeCrypto.random));
  const logSeed = await loadSeed(layout.agent, 'log-key', vault, nodeCrypto);
  const sealingSeed = await loadSeed(layout.agent, 'sealing-key', vault, nodeCrypto);
  const pins = new PinCheck(await keyOf(vault, 'pin', nodeCrypto.random));
  const identity = new SeatIdentity({ path: layout.identity, box: await boxFor('identity'), logSeed, sealingSeed });
  const directory = new StaffDirectory(layout.directory, await boxFor('directory'), pins);
  const memory = new SeatMemory(layout.memory, await boxFor('memory'), clock);
  const outbox = new Outbox(layout.outbox, await boxFor('outbox'), () => clock.wallMs());
  const recorder = new Recorder(log, (event) => {
    try {
      memory.addUnreported(event);
    } catch (failure) {
      log.error('what no log took is kept in memory only', { failure });
    }
    return true;
  });
  const launcher = await createLauncher({
    appUsers: options.apps,
    ...(options.ui === null ? {} : { uiUser: options.ui }),
    runFolder: layout.run,
    stateFolder: layout.root,
    log: (level, message, fields) => log[level](message, fields),
    onDenied: ({ sessionId: session, appId: app, ...denial }) => {
      const denied = toldOf(denial);
      // Not the path itself: it may be one that a person chose.
      log.warn('the system refused an application a file', {
        app,
        access: denial.access,
        place: denied?.place ?? 'data',
        count: denial.count,
      });
      if (denied === undefined) return;
      recorder.note({ type: 'app.refused', body: { session, app, reason: 'denied', code: 'LAUNCH_DENIED', denied } });
    },
  });
  return {
    options,
    clock,
    log,
    recorder,
    border: new BorderWatch(recorder, clock, log),
    memory,
    identity,
    directory,
    pins,
    outbox,
    launcher,
    incoming: new Incoming(layout.incoming, options.ui),
    protection: vault.protection,
    sealingSeed,
    policyPath: layout.policy,
    openReaders: (events) => new PcscStack({ socket: options.readerSocket, log }, events),
    openStore: (recipients, birth) => {
      const { enrolment } = identity;
      return openStore({
        dir: layout.auditStore,
        vault,
        crypto: nodeCrypto,
        workstation: new Uint8Array(Buffer.from(identity.workstationId, 'hex')),
        logSeed,
        recipients,
        receiptKey: enrolment === null ? undefined : parseVerifierKey(nodeCrypto, enrolment.mirrorKey),
        witnessKey: enrolment === null ? undefined : parseVerifierKey(nodeCrypto, enrolment.witnessKey),
        birth,
        onProblem: (what, error) => log.error('the record of this seat', { what, error }),
      });
    },
  };
}

type Servers = { ui?: BoundaryServer<UiBoundary>; sync?: BoundaryServer<SyncBoundary> };

function outputsTo(servers: Servers, seat: () => SeatAgent): SeatOutputs {
  let pending = false;
  const tellAppended = (): void => {
    pending = false;
    const position = seat().record.store?.position();
    if (position !== undefined) servers.sync?.broadcast('appended', { incarnation: position.incarnation, size: position.size });
  };
  return {
    view: (view) => servers.ui?.broadcast('view', view),
    web: (appId, action) => servers.ui?.broadcast('web', { appId, action }),
    bar: () => servers.ui?.broadcast('bar', {}),
    closeUi: () => {
      for (const connection of servers.ui?.connections() ?? []) connection.close();
    },
    appended: () => {
      if (!pending) setTimeout(tellAppended, APPENDED_INTERVAL_MS);
      pending = true;
    },
    news: () => servers.sync?.broadcast('news', {}),
    enrol: (server, token) => {
      const listening = servers.sync?.connections() ?? [];
      for (const connection of listening) connection.send('enrol', { server, token });
      return listening.length > 0;
    },
  };
}
