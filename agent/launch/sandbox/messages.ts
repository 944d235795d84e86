/**
 * What the agent and its small programs say to each other, and how the programs read it. Read by hand and not by a schema:
 * the programs start for every launch, and the schema library alone takes longer to load than all else they do.
 */

export interface InitRequest {
  readonly uid: number;
  readonly gid: number;
  /** Folders that applications must not see. */
  readonly hide: readonly string[];
  /** The file that sets up the window manager, to be given to the session. */
  readonly windowManager: string;
}

/** Sent to a starter when it is made: all that does not depend on the application. */
export interface WarmRequest {
  readonly agentPid: number;
  readonly initPid: number;
  /** The folder of the cgroup to enter. */
  readonly cgroup: string;
  readonly readable: readonly string[];
}

/** A file that the agent has opened and judged, as the agent's own descriptor. */
export interface HeldFile {
  readonly fd: number;
  readonly dev: string;
  readonly ino: string;
}

export interface StartRequest {
  readonly uid: number;
  readonly gid: number;
  readonly path: string;
  readonly argv: readonly string[];
  /** `NAME=value`, the whole environment. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly program: HeldFile;
  /** Scripts that it may interpret: read, never executed. */
  readonly scripts: readonly HeldFile[];
  /** Programs and loaders that may be executed besides. */
  readonly executable: readonly HeldFile[];
  /** Files and folders that may be read besides. */
  readonly readable: readonly string[];
}

/** Sent to the program that puts a file into the session's home; the file is its standard input. */
export interface KeepRequest {
  readonly uid: number;
  readonly gid: number;
  /** The folder of the cgroup to enter. */
  readonly cgroup: string;
  readonly name: string;
  readonly bytes: number;
}

/** What either program says to the agent, one JSON document a line. A closed pipe after `executing` means success. */
export type Progress =
  | { readonly state: 'ready' }
  | { readonly state: 'executing' }
  | { readonly state: 'failed'; readonly detail: string };

type Fields = Readonly<Record<string, unknown>>;
type Read<T> = (fields: Fields, name: string) => T;

const NEVER_ROOT = 1;

function fail(name: string): never {
  throw new TypeError(`The agent's message has no proper ${name}.`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : fail('object');
}

const text: Read<string> = (fields, name) => {
  const value = fields[name];
  return typeof value === 'string' ? value : fail(name);
};

const path: Read<string> = (fields, name) => {
  const value = text(fields, name);
  return value.startsWith('/') ? value : fail(name);
};

const natural: Read<number> = (fields, name) => {
  const value = fields[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(name);
};

const unprivileged: Read<number> = (fields, name) => {
  const value = natural(fields, name);
  return value >= NEVER_ROOT ? value : fail(name);
};

const list: Read<readonly unknown[]> = (fields, name) => {
  const value = fields[name];
  return Array.isArray(value) ? value : fail(name);
};

const texts: Read<readonly string[]> = (fields, name) =>
  list(fields, name).map((value) => (typeof value === 'string' ? value : fail(name)));

function heldFile(value: unknown): HeldFile {
  const fields = fieldsOf(value);
  return { fd: natural(fields, 'fd'), dev: text(fields, 'dev'), ino: text(fields, 'ino') };
}

/** Reads a request to set up a session. All of them throw a TypeError that names the field. */
export function readInitRequest(value: unknown): InitRequest {
  const fields = fieldsOf(value);
  return {
    uid: unprivileged(fields, 'uid'),
    gid: unprivileged(fields, 'gid'),
    hide: texts(fields, 'hide'),
    windowManager: path(fields, 'windowManager'),
  };
}

/** Reads a request to get warm. */
export function readWarmRequest(value: unknown): WarmRequest {
  const fields = fieldsOf(value);
  return {
    agentPid: natural(fields, 'agentPid'),
    initPid: natural(fields, 'initPid'),
    cgroup: path(fields, 'cgroup'),
    readable: texts(fields, 'readable'),
  };
}

/** Reads a request to become an application. */
export function readStartRequest(value: unknown): StartRequest {
  const fields = fieldsOf(value);
  return {
    uid: unprivileged(fields, 'uid'),
    gid: unprivileged(fields, 'gid'),
    path: path(fields, 'path'),
    argv: texts(fields, 'argv'),
    env: texts(fields, 'env'),
    cwd: path(fields, 'cwd'),
    program: heldFile(fields['program']),
    scripts: list(fields, 'scripts').map(heldFile),
    executable: list(fields, 'executable').map(heldFile),
    readable: texts(fields, 'readable'),
  };
}

/** Reads a request to keep a file. The name is one part of a path, or it is none. */
export function readKeepRequest(value: unknown): KeepRequest {
  const fields = fieldsOf(value);
  const name = text(fields, 'name');
  if (name === '' || name.startsWith('.') || name.includes('/')) fail('name');
  return {
    uid: unprivileged(fields, 'uid'),
    gid: unprivileged(fields, 'gid'),
    cgroup: path(fields, 'cgroup'),
    name,
    bytes: natural(fields, 'bytes'),
  };
}

/** Reads what a program said. Anything else counts as a failure of that program. */
export function readProgress(line: string): Progress {
  try {
    const fields = fieldsOf(JSON.parse(line));
    const state = text(fields, 'state');
    if (state === 'ready' || state === 'executing') return { state };
    if (state === 'failed') return { state, detail: text(fields, 'detail') };
  } catch {
    // Told below.
  }
  return { state: 'failed', detail: 'the program said something that is no progress' };
}
