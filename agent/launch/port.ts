/**
 * What the agent asks of whatever starts applications. Owns the words only: the two ways of doing it stand in
 * `sandbox/` and `degraded/`, and `compose.ts` picks one. A caller never passes a path that did not come from the signed policy.
 */

import type { Surface } from '../os/display/nested.ts';

/** A program by place and content, as the signed policy names it. */
export interface FileIdentity {
  readonly path: string;
  readonly sha256: string;
}

/** One application of the signed policy, to be started in one session. */
export interface LaunchSpec extends FileIdentity {
  readonly sessionId: string;
  readonly appId: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Programs that the application may start, and no others. */
  readonly children: readonly FileIdentity[];
  /** Scripts that it may be given to interpret: they may be read, and no other script may. */
  readonly scripts?: readonly FileIdentity[];
  /** Working folder; the session's own home where absent. */
  readonly cwd?: string;
}

/** A layer that is not there, and what that means for the people who rely on it, in plain words. */
export interface MissingLayer {
  readonly layer: string;
  readonly meaning: string;
}

/**
 * How far what runs on this seat is held to the policy. `enforced`: every required layer is there; `missing` then names
 * only what the kernel is too old for. `refusing`: a required layer is missing on a seat that runs as root or
 * whose policy wants every layer, so nothing is started.
 */
export interface EnforcementMode {
  readonly name: 'enforced' | 'degraded.no-root' | 'refusing';
  readonly missing: readonly MissingLayer[];
}

/**
 * What keeps applications from using up the machine's memory and processes. `session`: a limit on all of a session together. `process`: one on the
 * memory of each process and on how many there are. `none`: nothing, or no application starts at all.
 */
export type LimitedUse = 'session' | 'process' | 'none';

/** Why a program was not started. Each is the `reason` of an `app.refused` event and has a sentence for the person. */
export type RefusalReason =
  | 'enforcement-missing'
  | 'session-unknown'
  | 'file-missing'
  | 'file-changed'
  | 'file-unsafe'
  | 'file-not-a-program'
  | 'child-missing'
  | 'child-changed'
  | 'layer-failed'
  | 'display-failed'
  | 'start-failed';

export interface LaunchRefusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** For the operational log; names the file or layer. */
  readonly detail: string;
}

/**
 * A program that was opened and found to be the one that the policy names. It holds descriptors: pass it to `start`
 * or to `discard`, exactly once.
 */
export interface PreparedLaunch {
  readonly ok: true;
  readonly spec: LaunchSpec;
  /** Hash of the opened descriptor, for the `app.launched` event that must be durable before `start`. */
  readonly sha256: string;
}

export interface StartedApp {
  readonly ok: true;
  /** As this process sees it. */
  readonly pid: number;
  readonly appId: string;
  readonly sessionId: string;
  /**
   * Resolves when nothing of the application lives any more, neither its first process nor what that left running, as far as it can be told
   * apart. Until then it can be frozen, ended and brought to the front. Never rejects.
   */
  readonly gone: Promise<void>;
}

/** How the first process of an application ended; what it left running may live on (`StartedApp.gone`). */
export interface AppExit {
  readonly sessionId: string;
  readonly appId: string;
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Something that an application tried and that its rules denied. Of the first time at once, then summed up. */
export interface AppDenial {
  readonly sessionId: string;
  readonly appId: string;
  readonly access: 'execute' | 'read';
  /** The file, as the kernel names it; data from an untrusted program. `(many)` when there were too many to name. */
  readonly path: string;
  readonly count: number;
}

export interface EndReport {
  readonly sessionId: string;
  /** Processes that were alive when the session was ended, zombies not counted. */
  readonly processes: number;
  /** False when something was still alive after the limit: the seat must then go to `faulted`. */
  readonly clean: boolean;
}

/** The nested display that the applications of a session see, and its cookie file as root can read it. */
export interface SessionDisplay {
  /** Such as `:7`. */
  readonly name: string;
  /** An Xauthority file that opens this display and no other. */
  readonly xauthority: string;
}

/** The operating system's user that applications run as: of a pool, and never the one of the screens. */
export interface AppUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface SessionOpening {
  readonly sessionId: string;
  /** `LANG` of what runs in the session, such as `de_DE.UTF-8`; `C.UTF-8` where absent. */
  readonly language?: string;
}

/** A nested display with its window manager, where the session's applications are shown. */
export interface Desktop {
  readonly ok: true;
  readonly display: SessionDisplay;
  /** Resolves when the display is gone, wanted or not. */
  readonly ended: Promise<void>;
  /** Brings the windows of these processes to the front; false where they have none. */
  front(pids: readonly number[]): Promise<boolean>;
  /** Fits it to its window after that has changed, in pixels. */
  resize(width: number, height: number): Promise<void>;
  /** Takes it away at once; applications lose it and end or go on unseen until the session ends. */
  end(): Promise<void>;
}

/** A file that was checked and opened, to be put into the session's home. */
export interface FileToKeep {
  readonly fd: number;
  readonly bytes: number;
  /** Safe already (core/downloads/name.ts). */
  readonly name: string;
}

/** Whether the session has the file now. `no-home`: it has nowhere to put one. `detail` names a layer or a code, never the file. */
export type Kept =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'no-home' | 'no-room' | 'failed'; readonly detail: string };

export interface Launcher {
  /** As it is now: a layer can be lost while the seat runs. */
  readonly mode: EnforcementMode;

  readonly limits: LimitedUse;

  /**
   * Makes ready what the session's applications run in. Returns at once where that goes on in the background: `prepare`
   * waits for it, and a layer that could not be set up is then a refusal.
   */
  openSession(opening: SessionOpening): void;

  /**
   * Opens the session's desktop in a window of the screens. Applications that start from now on are shown there. A former desktop of
   * the session is ended first; the session's end ends it as well.
   */
  openDesktop(sessionId: string, surface: Surface): Promise<Desktop | LaunchRefusal>;

  /** Opens the file once and hashes that descriptor. Starts nothing. */
  prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal>;

  /** Starts exactly the file that was prepared. `onExit` is called once, after a successful start only. */
  start(prepared: PreparedLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal>;

  /** Gives up a prepared launch, for instance because its event could not be made durable. */
  discard(prepared: PreparedLaunch): void;

  /**
   * Ends one application and what it started, as far as that can be told apart; the session goes on. Its `onExit` has been called when this
   * resolves.
   */
  endApp(sessionId: string, appId: string): Promise<void>;

  /**
   * Stops an application and all that it started from running, or lets it run again. Nothing to do where it does not run; throws where it could
   * not be done.
   */
  freeze(sessionId: string, appId: string, frozen: boolean): Promise<void>;

  /**
   * Brings the windows of an application and of what it started before those of others. False where there is nothing to bring: it does not run or
   * has no window. Throws where it could not be done.
   */
  front(sessionId: string, appId: string): Promise<boolean>;

  /** Puts a file into `Downloads` of the session's home, as the user of its applications; the caller closes it. Never rejects. */
  keepFile(sessionId: string, file: FileToKeep): Promise<Kept>;

  /**
   * Ends the whole tree, daemonised grandchildren included, and removes what the session had. When that was clean, each `onExit` has been
   * called. Safe to call twice.
   */
  endSession(sessionId: string): Promise<EndReport>;

  /** Ends every session, and what a crashed run left behind is gone as well. */
  close(): Promise<void>;
}

/** The operational log, never the audit log. Fields hold no secret and no output of an application. */
export type LaunchLog = (level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, string | number>>) => void;

export interface LauncherOptions {
  /** The pool of users that applications run as, one for each session. Needed as root, unused without. */
  readonly appUsers?: readonly AppUser[];
  /** The user that the seat's screens and the nested display's server run as; applications never do. Needed as root. */
  readonly uiUser?: { readonly uid: number; readonly gid: number };
  /** A folder that the user of the screens can pass through, for the cookies of nested displays. */
  readonly runFolder: string;
  /** The seat's state folder: names this seat's cgroups, and is hidden from applications. */
  readonly stateFolder: string;
  /** More folders that applications must not see. */
  readonly hide?: readonly string[];
  /** Told of what applications tried in vain, where the kernel reports it. */
  readonly onDenied?: (denial: AppDenial) => void;
  readonly log: LaunchLog;
}
