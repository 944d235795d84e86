/**
 * The locks that every page of the seat gets, Wardlock's own and web apps alike: no navigation but where its rule says,
 * no window, no webview, no dialog, no permission, no download, no developer tools. What is refused is reported.
 */
import type { DownloadItem, Session, WebContents, WebPreferences } from 'electron';
import { originOf } from '../web/origins.ts';
import type { Report } from './reports.ts';

export interface PageRule {
  readonly mayNavigate: (address: string) => boolean;
  /** Some addresses, such as about:blank, are reached without asking. Called when the page is where it may not be. */
  readonly astray: { readonly unless: (address: string) => boolean; readonly home: string };
  readonly report: Report;
}

/** The web preferences of every page. A test reads them back from the running windows. */
export const LOCKED_PREFERENCES = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  devTools: false,
  navigateOnDragDrop: false,
  disableDialogs: true,
  spellcheck: false,
  enableWebSQL: false,
} as const satisfies WebPreferences;

/** Nothing is served below it, and nothing leaves the process for it. */
const NO_DICTIONARIES = 'wardlock://seat/dictionaries/';

export function lockPage(contents: WebContents, rule: PageRule): void {
  const { report } = rule;
  const guard = (border: 'navigation') => (event: { readonly url: string; preventDefault(): void }) => {
    if (rule.mayNavigate(event.url)) return;
    event.preventDefault();
    report(border, originOf(event.url));
  };
  contents.on('will-frame-navigate', guard('navigation'));
  contents.on('will-redirect', guard('navigation'));
  const bringHome = (url: string): void => {
    if (rule.astray.unless(url)) return;
    report('navigation', originOf(url));
    contents.loadURL(rule.astray.home).catch(() => report('navigation', 'home did not load'));
  };
  contents.on('did-navigate', (_event, url) => bringHome(url));
  // A page can change its own address without loading anything.
  contents.on('did-navigate-in-page', (_event, url, isMainFrame) => {
    if (isMainFrame) bringHome(url);
  });
  contents.setWindowOpenHandler(({ url }) => {
    report('window', originOf(url));
    return { action: 'deny' };
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
    report('window', 'webview');
  });
  // A page that asks "really leave?" must not be able to keep its window.
  contents.on('will-prevent-unload', (event) => event.preventDefault());
  contents.on('login', (event) => {
    event.preventDefault();
    report('permission', 'http-login');
  });
  contents.on('devtools-opened', () => {
    contents.closeDevTools();
    report('window', 'devtools');
  });
  contents.on('zoom-changed', () => contents.setZoomLevel(0));
  void contents.setVisualZoomLevelLimits(1, 1);
}

/** What a session's pages have beyond the locks. */
export interface Grants {
  /** Which permissions they have without a question. */
  readonly mayUse?: (permission: string, address: string) => boolean;
  /** Whether a download goes on; whoever says no has reported it. */
  readonly begins?: (item: DownloadItem) => boolean;
}

function refuseDownload(report: Report): () => boolean {
  return () => {
    report('download', 'download');
    return false;
  };
}

/**
 * The locks of a whole session: what its pages may ask of the browser and of the network.
 *
 * @param grants what its pages have beyond that; nothing unless said
 */
export function lockSession(
  session: Session,
  mayRequest: (address: string, resourceType: string, top: string) => boolean,
  report: Report,
  { mayUse = () => false, begins = refuseDownload(report) }: Grants = {},
): void {
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) => {
    const may = mayUse(permission, requestingUrl);
    if (!may) report('permission', permission);
    answer(may);
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => mayUse(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => {
    report('permission', 'display-capture');
    answer({});
  });
  // A partition that is used again keeps none of its former rules.
  session.removeAllListeners('will-download');
  session.on('will-download', (event, item) => {
    if (!begins(item)) event.preventDefault();
  });
  session.setSpellCheckerEnabled(false);
  // Chromium fetches a dictionary for each session all the same, past every lock: there is none where it looks now.
  session.setSpellCheckerDictionaryDownloadURL(NO_DICTIONARIES);
  session.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !mayRequest(details.url, details.resourceType, details.webContents?.getURL() ?? '');
    if (cancel)
      report(
        details.resourceType === 'mainFrame' || details.resourceType === 'subFrame' ? 'navigation' : 'protocol',
        originOf(details.url),
      );
    answer({ cancel });
  });
}
