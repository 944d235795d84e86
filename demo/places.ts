/**
 * Where the clinic keeps what it makes: the seat under `seat`, the server under `server`, what IT keeps under `site`,
 * pictures under `screens`, every process's words under `logs`.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WardlockError } from '../core/errors/index.ts';

const MARK = 'wardlock-clinic';

export interface Places {
  readonly root: string;
  readonly seat: string;
  readonly server: string;
  readonly site: string;
  readonly screens: string;
  readonly logs: string;
}

/** @throws WardlockError START_STATE_FOREIGN where the folder holds something else, START_SYSTEM_REFUSED where there can be none */
export async function makePlaces(folder: string): Promise<Places> {
  const root = resolve(folder);
  if (makeRoot(root).length > 0 && !existsSync(join(root, MARK))) {
    throw new WardlockError(
      'START_STATE_FOREIGN',
      `${root} holds something that is not a Wardlock clinic. Name an empty or a new folder with --state.`,
    );
  }
  const places: Places = {
    root,
    seat: join(root, 'seat'),
    server: join(root, 'server'),
    site: join(root, 'site'),
    screens: join(root, 'screens'),
    logs: join(root, 'logs'),
  };
  await writeFile(join(root, MARK), 'State of a Wardlock demo clinic. Delete the whole folder to start anew.\n');
  for (const [path, mode] of [
    [places.seat, 0o755],
    [places.server, 0o700],
    [places.site, 0o700],
    [places.screens, 0o755],
    [places.logs, 0o700],
  ] as const) {
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
  }
  return places;
}

/** What is in it. Its own folder has to be there: Node's `recursive` asks for ever where the system makes nothing, as below /proc. */
function makeRoot(root: string): readonly string[] {
  try {
    if (!existsSync(root)) mkdirSync(root);
    return readdirSync(root);
  } catch (cause) {
    const refused = cause instanceof Error ? cause.message : 'refused';
    throw new WardlockError(
      'START_SYSTEM_REFUSED',
      `${root} can't be the clinic's folder (${refused}). Name a folder that you may write with --state, inside one that exists.`,
      { cause },
    );
  }
}
