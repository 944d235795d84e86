/** What the agent is started with. Users are given by number here; names are looked up by the command line. */
export interface SeatUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where pcscd listens. With socket activation the socket is there although the service is not running yet. */
export const PCSC_SOCKET = '/run/pcscd/pcscd.comm';

export interface AgentOptions {
  readonly state: string;
  /** The user of the seat's screens; the agent's own where absent. */
  readonly ui: SeatUser | null;
  /** The cgroup that the screens must be in, as /proc/PID/cgroup names it; null where they have none of their own. */
  readonly uiCgroup: string | null;
  readonly syncer: SeatUser | null;
  /** The pool of users that applications run as, one for each session; at least one is needed as root. */
  readonly apps: readonly SeatUser[];
  /** Cookie file (Xauthority) of the seat's own display, readable by the user of the screens; null when it has none. */
  readonly xauthority: string | null;
  /** A window that anybody can close. Shown, never relied on. */
  readonly practice: boolean;
  /** Where the machine's smart card service (pcscd) listens. */
  readonly readerSocket: string;
  /** Whether the session keychain may be asked for the seat's keys. */
  readonly keychain: boolean;
}
