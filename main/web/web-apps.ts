/**
 * Web apps of the session: each in a view and an in-memory partition of its own, held to the origins that the policy
 * names. It owns those views and must leave nothing of them when the session ends.
 */
import { type BaseWindow, type Rectangle, type WebContents, WebContentsView } from 'electron';
import type { WebTrouble } from '../../contract/bridge.ts';
import { LOCKED_PREFERENCES, lockPage, lockSession } from '../guard/borders.ts';
import type { RefusedBorder } from '../guard/reports.ts';
import type { InputGate } from '../input/gate.ts';
import type { DownloadSource, Downloads } from './downloads.ts';
import { failureOf, type PageFailure } from './failures.ts';
import { shutDialogs } from './no-dialogs.ts';
import { mayFrame, mayNavigate, mayRequest, originOf } from './origins.ts';
import { createPartitions, type Partition } from './partitions.ts';
import type { PrintedPart } from './printing.ts';

export interface WebAppSource extends DownloadSource {
  readonly url: string;
  /** Whether its pages may print. */
  readonly print: boolean;
  /** Whether its pages may use the clipboard by themselves. */
  readonly clipboard: 'deny' | 'read-write';
}

/** Unless the page's own style names another size: `lp` makes what is larger than the printer's paper smaller. */
const SHEETS = { pageSize: 'A4', preferCSSPageSize: true, printBackground: false } as const;
const CLIPBOARD_PERMISSIONS: readonly string[] = ['clipboard-read', 'clipboard-sanitized-write'];

export interface WebAppsOptions {
  readonly window: BaseWindow;
  readonly gate: InputGate;
  readonly downloads: Downloads;
  /** Where downloads are written. */
  readonly downloadFolder: string;
  readonly report: (border: RefusedBorder, what: string) => void;
  /** A page wants to print. */
  readonly onPrint: (app: WebAppSource, part: PrintedPart) => void;
  /** A web app tried an address that its origins do not allow. */
  readonly onRefusedOrigin: (appId: string, origin: string) => void;
  /** A page of it could not be shown: at its start, or anywhere later. What was refused is told as that. */
  readonly onFailed: (appId: string, reason: PageFailure) => void;
  /** Its page closed itself, as some do by a button of their own: there is nothing left to be seen. */
  readonly onClosedItself: (appId: string) => void;
  /** It can't be seen, and why; null once it can. The seat's own page says so: Chromium's errors are never shown. */
  readonly onTrouble: (appId: string, trouble: WebTrouble | null) => void;
}

interface OpenApp {
  readonly source: WebAppSource;
  readonly view: WebContentsView;
  /** Of the view; one that has closed itself is destroyed, and the view must not be shown any more. */
  readonly contents: WebContents;
  readonly partition: Partition;
  /** Why it can't be seen now. */
  trouble: WebTrouble | null;
}

export interface WebApps {
  open(source: WebAppSource): void;
  isOpen(appId: string): boolean;
  /** Puts one app into the window; null takes all of them out. */
  show(appId: string | null, size: Pick<Rectangle, 'width' | 'height'>): void;
  /** Loads one that can't be seen anew; nothing for one that can. */
  retry(appId: string): void;
  /** The sheets of its page. It rejects where there is none. */
  pdf(appId: string): Promise<Uint8Array>;
  close(appId: string): void;
  closeAll(): void;
}

export function createWebApps(options: WebAppsOptions): WebApps {
  const open = new Map<string, OpenApp>();
  const partitions = createPartitions();
  let attached: string | null = null;

  const detach = (): void => {
    const app = attached === null ? undefined : open.get(attached);
    if (app !== undefined && !options.window.isDestroyed()) options.window.contentView.removeChildView(app.view);
    attached = null;
  };
  const close = (appId: string): void => {
    const app = open.get(appId);
    if (app === undefined) return;
    if (attached === appId) detach();
    open.delete(appId);
    options.downloads.stop('closed', appId);
    const { contents, partition } = app;
    const pid = contents.isDestroyed() ? 0 : contents.getOSProcessId();
    if (!contents.isDestroyed()) contents.close({ waitForBeforeUnload: false });
    partitions.release(appId, partition, () => !isRunning(pid));
  };

  const tell = (app: OpenApp, trouble: WebTrouble | null): void => {
    if (open.get(app.source.id) !== app || (trouble === null && app.trouble === null)) return;
    app.trouble = trouble;
    options.onTrouble(app.source.id, trouble);
  };
  /** Of one that was closed nothing is said. */
  const failed = (app: OpenApp, reason: PageFailure): void => {
    if (open.get(app.source.id) === app) options.onFailed(app.source.id, reason);
  };
  const load = (app: OpenApp): void => {
    const { contents } = app;
    contents.loadURL(app.source.url).catch(() => {
      // Stopped on its way to an address that is not allowed: nothing is there to be seen.
      if (!contents.isDestroyed() && app.trouble === null && !mayNavigate(contents.getURL(), app.source)) tell(app, troubleOf(REFUSED));
      else if (app.trouble?.retrying === true) tell(app, { ...app.trouble, retrying: false });
    });
  };
  const openApp = (source: WebAppSource): void => {
    const partition = partitions.take(source.id);
    const own = partition.session;
    const refused = (border: RefusedBorder, what: string): void => {
      if (border === 'navigation' || border === 'window' || border === 'protocol') options.onRefusedOrigin(source.id, what);
      else options.report(border, what);
    };
    lockSession(
      own,
      (address, type, top) => mayRequest(address, type, source) && (type !== 'subFrame' || mayFrame(address, top)),
      refused,
      {
        mayUse: (permission, address) =>
          source.clipboard === 'read-write' &&
          CLIPBOARD_PERMISSIONS.includes(permission) &&
          source.origins.some((origin) => originOf(origin) === originOf(address)),
        begins(item) {
          if (source.downloads === 'deny') options.report('download', 'download');
          return options.downloads.begin(item, source);
        },
      },
    );
    // Chromium begins to write before it is told where.
    if (source.downloads === 'allow') own.setDownloadPath(options.downloadFolder);
    const view = new WebContentsView({ webPreferences: { ...LOCKED_PREFERENCES, session: own } });
    view.setBackgroundColor('#ffffff');
    const { webContents: contents } = view;
    let shut = false;
    const mayBe = (address: string): boolean => mayNavigate(address, source) || (!shut && address === 'about:blank');
    lockPage(contents, { mayNavigate: mayBe, astray: { unless: mayBe, home: source.url }, report: refused });
    contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
    options.gate.attach(contents, 'web');
    const app: OpenApp = { source, view, contents, partition, trouble: null };
    open.set(source.id, app);
    contents.on('destroyed', () => {
      if (open.get(source.id) === app) options.onClosedItself(source.id);
    });
    contents.on('did-fail-load', (_event, ...[code, description, , isMainFrame]) => {
      if (!isMainFrame || code === ABORTED) return;
      if (description !== REFUSED) failed(app, failureOf(description));
      tell(app, troubleOf(description === '' ? String(code) : description));
    });
    contents.on('did-navigate', () => tell(app, null));
    contents.on('render-process-gone', (_event, { reason }) => {
      failed(app, 'ended');
      tell(app, troubleOf(CRASHED, reason));
    });
    const held = partition.prepare(source.origins, (origin) => options.onRefusedOrigin(source.id, origin));
    void Promise.all([held, shutDialogs(contents, options.report, (part) => options.onPrint(source, part))])
      .then(() => {
        shut = true;
        if (open.get(source.id) === app) load(app);
      })
      .catch(() => {
        if (open.get(source.id) !== app || contents.isDestroyed()) return;
        options.report('navigation', 'web app did not load');
        tell(app, troubleOf(CRASHED, 'not locked'));
      });
  };

  return {
    open(source) {
      if (!open.has(source.id)) openApp(source);
    },
    retry(appId) {
      const app = open.get(appId);
      if (app === undefined || app.trouble === null || app.trouble.retrying) return;
      if (app.trouble.kind !== 'crashed') {
        tell(app, { ...app.trouble, retrying: true });
        return load(app);
      }
      // A new page gets all its locks anew.
      close(appId);
      openApp(app.source);
      options.onTrouble(appId, null);
    },
    isOpen: (appId) => open.has(appId),
    show(appId, size) {
      const app = appId === null ? undefined : open.get(appId);
      const isGone = app === undefined || app.contents.isDestroyed();
      if (attached !== appId || isGone) detach();
      if (isGone || appId === null) return;
      app.view.setBounds({ x: 0, y: 0, width: size.width, height: size.height });
      if (attached === appId) return;
      options.window.contentView.addChildView(app.view);
      attached = appId;
      app.contents.focus();
    },
    async pdf(appId) {
      const app = open.get(appId);
      if (app === undefined || app.contents.isDestroyed()) throw new Error('There is no such page.');
      return await app.contents.printToPDF(SHEETS);
    },
    close,
    closeAll() {
      for (const appId of [...open.keys()]) close(appId);
    },
  };
}

/** As Chromium names them (net/base/net_error_list.h); `description` of a failed load. */
const ABORTED = -3;
const REFUSED = 'ERR_BLOCKED_BY_CLIENT';
const CRASHED = 'PAGE_ENDED';

function troubleOf(code: string, detail?: string): WebTrouble {
  const kind = code === CRASHED ? 'crashed' : code === REFUSED ? 'refused' : 'unreachable';
  return { kind, code: (detail === undefined ? code : `${code} ${detail}`).slice(0, 60), retrying: false };
}

/** @param pid 0 for a page whose process has ended already, as Electron says it */
function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
