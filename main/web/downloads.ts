/**
 * Downloads of web apps: which ones may run, for how long and how large, on their way to the agent. They lie in the agent's folder for them
 * under names of its own, never under a page's; it must leave nothing there that the agent has not taken, and never open a dialog.
 */
import { randomBytes } from 'node:crypto';
import { statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DownloadItem } from 'electron';
import { MAX_AT_ONCE, MAX_FILE_BYTES, type SeenByScreens } from '../../core/downloads/limits.ts';
import { maySave, type WebScope } from './origins.ts';

/** How often the size of what is being written is looked at, in milliseconds: Chromium tells of it less often. */
const LOOK_INTERVAL_MS = 50;
const TOKEN_BYTES = 16;
/** Of the contract. */
const NAME_LIMIT = 255;

/** The web app that a download belongs to. */
export interface DownloadSource extends WebScope {
  readonly id: string;
  readonly downloads: 'deny' | 'allow';
}

export interface DownloadsPorts {
  /** The agent's folder for them. */
  readonly folder: string;
  /** Whether a session's work may be seen. */
  readonly isOpen: () => boolean;
  /** Hands a complete one to the agent; resolves when the agent is done with it. */
  readonly hand: (download: { readonly appId: string; readonly file: string; readonly name: string }) => Promise<unknown>;
  readonly refused: (appId: string, reason: SeenByScreens) => void;
}

export interface Downloads {
  /** Lets a download run, or says why not: false leaves it to the caller to stop it. */
  begin(item: DownloadItem, source: DownloadSource): boolean;
  /** Stops those of one web app, or all. */
  stop(reason: SeenByScreens, appId?: string): void;
}

interface Running {
  readonly item: DownloadItem;
  readonly source: DownloadSource;
  readonly path: string;
  /** Why it was stopped. */
  why: SeenByScreens | null;
}

export function createDownloads({ folder, isOpen, hand, refused }: DownloadsPorts): Downloads {
  const running = new Set<Running>();
  let timer: NodeJS.Timeout | undefined;

  const stop = (one: Running, why: SeenByScreens): void => {
    one.why ??= why;
    one.item.cancel();
  };
  const watch = (): void => {
    for (const one of running) if (sizeOf(one.path) > MAX_FILE_BYTES) stop(one, 'too-large');
    if (running.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const whyNot = (item: DownloadItem, source: DownloadSource): SeenByScreens | null => {
    if (!isOpen()) return 'locked';
    if (!isFromScope(item, source)) return 'address';
    if (item.getTotalBytes() > MAX_FILE_BYTES) return 'too-large';
    return running.size >= MAX_AT_ONCE ? 'at-once' : null;
  };
  const done = async (one: Running, state: string, file: string): Promise<void> => {
    const { item, source, path } = one;
    // Judged again: the seat may have locked, and a server may have sent more than it said.
    const why = one.why ?? (state === 'completed' ? whyNotNow(one) : 'failed');
    try {
      if (why !== null) return refused(source.id, why);
      await hand({ appId: source.id, file, name: item.getFilename().slice(0, NAME_LIMIT) });
    } catch {
      // The agent is away, which locks the seat: there is nobody who could be told.
    } finally {
      running.delete(one);
      remove(path);
    }
  };
  const whyNotNow = ({ item, source, path }: Running): SeenByScreens | null => {
    if (!isOpen()) return 'locked';
    if (!isFromScope(item, source)) return 'address';
    return sizeOf(path) > MAX_FILE_BYTES ? 'too-large' : null;
  };

  return {
    begin(item, source) {
      const why = source.downloads === 'deny' ? 'not-allowed' : whyNot(item, source);
      if (why !== null) {
        refused(source.id, why);
        return false;
      }
      const file = randomBytes(TOKEN_BYTES).toString('hex');
      const one: Running = { item, source, path: join(folder, file), why: null };
      // Without it Electron would ask where, in a dialog.
      item.setSavePath(one.path);
      running.add(one);
      timer ??= setInterval(watch, LOOK_INTERVAL_MS);
      // One that broke off could go on from elsewhere: it is over.
      item.on('updated', (_event, state) => state === 'interrupted' && stop(one, 'failed'));
      item.once('done', (_event, state) => void done(one, state, file));
      return true;
    },
    stop(reason, appId) {
      for (const one of running) if (appId === undefined || one.source.id === appId) stop(one, reason);
    },
  };
}

/** Every address that led to it, redirects included. */
function isFromScope(item: DownloadItem, source: DownloadSource): boolean {
  const addresses = item.getURLChain();
  return addresses.length > 0 && addresses.every((address) => maySave(address, source));
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The agent has taken it, or nothing was written.
  }
}
