/**
 * A real message bus of a user that starts a program for whoever asks for its service, and says whether it did. It listens to a file in a folder
 * that every user can reach, so that only what keeps a session from it is tested.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface MessageBus {
  readonly address: string;
  /** Its one service. */
  readonly service: string;
  readonly wasStarted: () => boolean;
  close(): void;
}

const SERVICE = 'org.wardlock.Probe';
const POLL_MS = 20;

export async function startBus(uid: number, gid: number): Promise<MessageBus> {
  const folder = mkdtempSync('/run/wl-test-bus-');
  chmodSync(folder, 0o755);
  const own = join(folder, 'own');
  mkdirSync(own);
  chownSync(own, uid, gid);
  const mark = join(own, 'started');
  const socket = join(own, 'bus');
  writeFileSync(join(folder, 'probe.service'), `[D-BUS Service]\nName=${SERVICE}\nExec=/usr/bin/touch ${mark}\n`);
  const policy =
    '<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>';
  const listen = `<listen>unix:path=${socket}</listen><servicedir>${folder}</servicedir>`;
  writeFileSync(join(folder, 'bus.conf'), `<busconfig><type>session</type><auth>EXTERNAL</auth>${listen}${policy}</busconfig>`);
  const daemon = spawn('/usr/bin/dbus-daemon', [`--config-file=${join(folder, 'bus.conf')}`, '--nofork'], {
    uid,
    gid,
    stdio: 'ignore',
    cwd: '/',
  });
  await once(daemon, 'spawn');
  while (!existsSync(socket) && daemon.exitCode === null) await sleep(POLL_MS);
  if (daemon.exitCode !== null) throw new Error(`dbus-daemon ended with ${daemon.exitCode}.`);
  return {
    address: `unix:path=${socket}`,
    service: SERVICE,
    wasStarted: () => existsSync(mark),
    close: () => {
      daemon.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
