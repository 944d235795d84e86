/**
 * Web apps of the session: each in a view and an in-memory partition of its own, held to the origins that the policy
 * names. It owns those views and must leave nothing of them when the session ends.
 */
import { randomUUID } from 'node:crypto';
import { type BaseWindow, type Rectangle, session, WebContentsView } from 'electron';
import { LOCKED_PREFERENCES, lockPage, lockSession } from '../guard/borders.ts';
import type { RefusedBorder } from '../guard/reports.ts';
import type { InputGate } from '../input/gate.ts';
import { shutDialogs } from './no-dialogs.ts';
import { mayFrame, mayNavigate, mayRequest, originOf, type WebScope } from './origins.ts';

export interface WebAppSource extends WebScope {
  readonly id: string;
  readonly url: string;
  /** Whether its pages may use the clipboard by themselves. */
  readonly clipboard: 'deny' | 'read-write';
}

const CLIPBOARD_PERMISSIONS: readonly string[] = ['clipboard-read', 'clipboard-sanitized-write'];

export interface WebAppsOptions {
  readonly window: BaseWindow;
  readonly gate: InputGate;
  readonly report: (border: RefusedBorder, what: string) => void;
  /** A web app tried an address that its origins do not allow. */
  readonly onRefusedOrigin: (appId: string, origin: string) => void;
}

interface OpenApp {
  readonly view: WebContentsView;
  readonly session: Electron.Session;
}

export interface WebApps {
  open(source: WebAppSource): void;
  isOpen(appId: string): boolean;
  /** Puts one app into the window; null takes all of them out. */
  show(appId: string | null, size: Pick<Rectangle, 'width' | 'height'>): void;
  close(appId: string): void;
  closeAll(): void;
}

export function createWebApps(options: WebAppsOptions): WebApps {
  const open = new Map<string, OpenApp>();
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
    app.view.webContents.close({ waitForBeforeUnload: false });
    void wipe(app.session);
  };

  return {
    open(source) {
      if (open.has(source.id)) return;
      const own = session.fromPartition(`web-${randomUUID()}`, { cache: false });
      const refused = (border: RefusedBorder, what: string): void => {
        if (border === 'navigation' || border === 'window' || border === 'protocol') options.onRefusedOrigin(source.id, what);
        else options.report(border, what);
      };
      lockSession(
        own,
        (address, type, top) => mayRequest(address, type, source) && (type !== 'subFrame' || mayFrame(address, top)),
        refused,
        (permission, address) =>
          source.clipboard === 'read-write' &&
          CLIPBOARD_PERMISSIONS.includes(permission) &&
          source.origins.some((origin) => originOf(origin) === originOf(address)),
      );
      const view = new WebContentsView({ webPreferences: { ...LOCKED_PREFERENCES, session: own } });
      view.setBackgroundColor('#ffffff');
      let shut = false;
      const mayBe = (address: string): boolean => mayNavigate(address, source) || (!shut && address === 'about:blank');
      lockPage(view.webContents, { mayNavigate: mayBe, astray: { unless: mayBe, home: source.url }, report: refused });
      view.webContents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
      options.gate.attach(view.webContents, 'web');
      open.set(source.id, { view, session: own });
      // A page that does not load shows Chromium's own error; the app stays closable from the bar.
      void shutDialogs(view.webContents, options.report)
        .then(() => {
          shut = true;
          return view.webContents.loadURL(source.url);
        })
        .catch(() => options.report('navigation', 'web app did not load'));
    },
    isOpen: (appId) => open.has(appId),
    show(appId, size) {
      const app = appId === null ? undefined : open.get(appId);
      if (attached !== appId || app === undefined) detach();
      if (app === undefined || appId === null) return;
      app.view.setBounds({ x: 0, y: 0, width: size.width, height: size.height });
      if (attached === appId) return;
      options.window.contentView.addChildView(app.view);
      attached = appId;
      app.view.webContents.focus();
    },
    close,
    closeAll() {
      for (const appId of [...open.keys()]) close(appId);
    },
  };
}

/** The partition lives in memory and is never used again; this drops what it held at once. */
async function wipe(own: Electron.Session): Promise<void> {
  await Promise.allSettled([own.closeAllConnections(), own.clearStorageData(), own.clearCache(), own.clearAuthCache()]);
}
