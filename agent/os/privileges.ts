/**
 * Giving up rights on the way from root to an application's user. Each step is for good; none can be taken back by the
 * program that is executed afterwards.
 */
import { prctl, syscallByArchitecture } from './libc.ts';

const PR_SET_PDEATHSIG = 1;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const SIGKILL = 9;
const LAST_POSSIBLE_CAPABILITY = 63;

/**
 * No set-user-id program and no file capability can give the thread and its children a right again (no_new_privs), and the
 * capability bounding set is emptied. What root still has goes with the change of user.
 */
export function giveUpCapabilities(): void {
  prctl('no_new_privs', PR_SET_NO_NEW_PRIVS, 1);
  prctl('clear ambient capabilities', PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (let capability = 0; capability <= LAST_POSSIBLE_CAPABILITY && isKnown(capability); capability += 1) {
    prctl('drop from the bounding set', PR_CAPBSET_DROP, capability);
  }
}

function isKnown(capability: number): boolean {
  try {
    prctl('read the bounding set', PR_CAPBSET_READ, capability);
    return true;
  } catch {
    // EINVAL: the kernel has no capability of this number, so none beyond it either (capabilities(7)).
    return false;
  }
}

/** The kernel kills this process when the thread that started it ends. A change of user clears it: call this after. */
export function endWithParent(): void {
  prctl('end with parent', PR_SET_PDEATHSIG, SIGKILL);
}

const KEYCTL = { x64: 250, arm64: 219 };
const KEYCTL_JOIN_SESSION_KEYRING = 1;
const KEYCTL_CLEAR = 7;
const KEYCTL_GET_PERSISTENT = 22;
const PROCESS_KEYRING = -2;
const USER_KEYRING = -4;
const USER_SESSION_KEYRING = -5;

/** A session keyring of its own, empty (session-keyring(7)): what root keeps in the kernel is not inherited. */
export function leaveKeyring(): void {
  syscallByArchitecture('keyctl', KEYCTL, 'int', KEYCTL_JOIN_SESSION_KEYRING, 'const char *', null);
}

/**
 * Empties the keyrings that the kernel keeps for a user beyond the life of its processes (user-keyring(7), persistent-keyring(7)): the one place
 * where a session could leave something to the next one of the same user. The caller stays root and must be a process of its own, since it is
 * the user by its real id for a moment.
 */
export function emptyKeyringsOf(uid: number): void {
  changeRealUser(uid);
  try {
    for (const ring of [USER_KEYRING, USER_SESSION_KEYRING]) emptyKeyring(ring);
    emptyPersistentKeyring(uid);
  } finally {
    changeRealUser(0);
  }
}

function changeRealUser(uid: number): void {
  syscallByArchitecture('setresuid', { x64: 117, arm64: 147 }, 'uint32_t', uid, 'uint32_t', 0, 'uint32_t', 0);
}

function emptyKeyring(ring: number): void {
  syscallByArchitecture('keyctl clear', KEYCTL, 'int', KEYCTL_CLEAR, 'int32_t', ring);
}

function emptyPersistentKeyring(uid: number): void {
  let ring: number;
  try {
    ring = syscallByArchitecture('keyctl persistent', KEYCTL, 'int', KEYCTL_GET_PERSISTENT, 'uint32_t', uid, 'int32_t', PROCESS_KEYRING);
  } catch {
    // EOPNOTSUPP: the kernel keeps none.
    return;
  }
  emptyKeyring(ring);
}
