/**
 * Shows the socket of a nested display inside a session that is already shut in: takes hold of it outside, joins the session's
 * namespaces, and places it there. Takes the session's process 1 and the socket as arguments; changes nothing else.
 */
import { closeSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openPidfd } from '../../os/libc.ts';
import { grabMount, joinNamespaces, placeMount, removeMount } from '../../os/mounts.ts';
import { X_SOCKET_FOLDER } from './layout.ts';

const [initPid, socket] = process.argv.slice(2);
if (initPid === undefined || socket === undefined) throw new TypeError('Name the session’s process 1 and the socket.');
const mount = grabMount(socket);
const { ino } = statSync(socket, { bigint: true });
const pidfd = openPidfd(Number(initPid));
joinNamespaces(pidfd);
closeSync(pidfd);
const inside = join(X_SOCKET_FOLDER, basename(socket));
const former = statSync(inside, { bigint: true, throwIfNoEntry: false });
if (former?.ino === ino) closeSync(mount);
else {
  // Of a former display of the same number the socket is still shown. It is a removed file outside, and nothing can be mounted on one.
  if (former?.isSocket() === true) removeMount(inside);
  placeMount(mount, inside);
}
