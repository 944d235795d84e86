/**
 * Puts a file, its standard input, into the home of a session: enters the session's cgroup and namespaces, becomes its user for good and only
 * then looks at anything in there. Says how it went by a code; never by a name, which may be a patient's.
 */
import { closeSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { becomeUser, openPidfd, setUmask } from '../../os/libc.ts';
import { joinNamespaces } from '../../os/mounts.ts';
import { endWithParent, giveUpCapabilities } from '../../os/privileges.ts';
import { putIntoHome } from '../kept-file.ts';
import { AGENT_FD, SANDBOX_HOME } from './layout.ts';
import { type Progress, readKeepRequest } from './messages.ts';

const CONTENT_FD = 0;
const PRIVATE_UMASK = 0o077;
/** The session's process 1, as this process sees it: both are in the same pid namespace. */
const INIT_PID = 1;
/** A name of 200 bytes, a path and some numbers. */
const LINE_BYTES = 4_096;

function tell(progress: Progress): void {
  writeSync(AGENT_FD, `${JSON.stringify(progress)}\n`);
}

/** The code of the operating system, which names no file. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'failed';
}

try {
  const line = Buffer.alloc(LINE_BYTES);
  const request = readKeepRequest(JSON.parse(line.toString('utf8', 0, readSync(AGENT_FD, line))));
  writeFileSync(join(request.cgroup, 'cgroup.procs'), '0');
  const pidfd = openPidfd(INIT_PID);
  joinNamespaces(pidfd);
  closeSync(pidfd);
  setUmask(PRIVATE_UMASK);
  giveUpCapabilities();
  becomeUser(request.uid, request.gid);
  endWithParent();
  putIntoHome({ home: SANDBOX_HOME, name: request.name, fd: CONTENT_FD, bytes: request.bytes });
  tell({ state: 'ready' });
} catch (cause) {
  tell({ state: 'failed', detail: codeOf(cause) });
  process.exit(1);
}
