/**
 * The agent's part of a state folder: what lies where, who may enter. It makes the folders and refuses one that is not
 * Wardlock's; it must never widen what it finds.
 */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { INCOMING_FOLDER } from '../../core/downloads/limits.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { makeFolders } from '../../crypto/secret-files.ts';
import { writeDurably } from './durable-file.ts';

export interface Layout {
  readonly root: string;
  /** Secrets and the audit store: the agent's user only. */
  readonly agent: string;
  /** Sockets: others may pass through to theirs. */
  readonly run: string;
  /** The syncer's own folder. */
  readonly syncer: string;
  /** Where the screens leave downloads (incoming.ts). */
  readonly incoming: string;
  readonly uiSocket: string;
  readonly syncSocket: string;
  readonly cliSocket: string;
  readonly auditStore: string;
  readonly policy: string;
  readonly identity: string;
  readonly directory: string;
  readonly memory: string;
  readonly outbox: string;
}

const VERSION = 'VERSION';
const MARK = 'wardlock-agent-state/1\n';
const PRIVATE = 0o700;
const PASS_THROUGH = 0o711;

export function layoutOf(state: string): Layout {
  const root = resolve(state);
  const agent = join(root, 'agent');
  const run = join(root, 'run');
  return {
    root,
    agent,
    run,
    syncer: join(root, 'syncer'),
    incoming: join(run, INCOMING_FOLDER),
    uiSocket: join(run, 'ui.sock'),
    syncSocket: join(run, 'sync.sock'),
    cliSocket: join(run, 'cli.sock'),
    auditStore: join(agent, 'audit'),
    policy: join(agent, 'policy.json'),
    identity: join(agent, 'identity.box'),
    directory: join(agent, 'directory.box'),
    memory: join(agent, 'memory.box'),
    outbox: join(agent, 'outbox.box'),
  };
}

/**
 * Makes what is missing and sets every folder's mode.
 * @param syncer the user that the syncer runs as, where it is another one
 * @throws START_STATE_FOREIGN when the folder belongs to somebody else or holds something else
 */
export function prepareLayout(layout: Layout, syncer: { readonly uid: number; readonly gid: number } | null): void {
  makeFolder(layout.root, PASS_THROUGH);
  makeFolder(layout.agent, PRIVATE);
  const mark = join(layout.agent, VERSION);
  if (existsSync(mark)) {
    if (readFileSync(mark, 'utf8') !== MARK)
      throw new WardlockError('START_STATE_FOREIGN', `${layout.agent} belongs to another version of Wardlock.`);
  } else if (readdirSync(layout.agent).some((name) => name !== `${VERSION}.new`)) {
    throw new WardlockError('START_STATE_FOREIGN', `${layout.agent} is not empty and is not the state of a Wardlock agent.`);
  } else {
    // Durable like what follows: a folder whose mark a power cut took would be somebody else's for ever.
    writeDurably(mark, new TextEncoder().encode(MARK));
  }
  makeFolder(layout.run, PASS_THROUGH);
  if (syncer === null || process.geteuid?.() !== 0) return;
  if (!existsSync(layout.syncer)) mkdirSync(layout.syncer, { mode: PRIVATE });
  chownSync(layout.syncer, syncer.uid, syncer.gid);
}

function makeFolder(path: string, mode: number): void {
  makeFolders(path, mode);
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
    throw new WardlockError('START_STATE_FOREIGN', `${path} is no folder of this user.`);
  }
  chmodSync(path, mode);
}
