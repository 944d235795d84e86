/**
 * Puts the kiosk together: windows, locks, the line to the agent, the bridge to the page. The only file of main that
 * picks concrete parts.
 */
import { dirname, join } from 'node:path';
import { app, ipcMain, nativeTheme, screen, session } from 'electron';
import Value from 'typebox/value';
import type { Params, RequestName } from '../contract/boundary.ts';
import type { LinkState } from '../contract/bridge.ts';
import { BadgeNumber } from '../contract/scalars.ts';
import type { UiBoundary } from '../contract/ui.ts';
import { INCOMING_FOLDER, type SeenByScreens } from '../core/downloads/limits.ts';
import type { ErrorCode } from '../core/errors/index.ts';
import { USUAL_RHYTHM } from '../core/reader/wedge.ts';
import { openLink } from './agent/link.ts';
import { sendBar, sendPicture, serveBridge } from './bridge/serve.ts';
import { forgetCopied } from './copied.ts';
import { lockPage, lockSession } from './guard/borders.ts';
import { SEAT_ORIGIN, SEAT_PAGE, serveSeatPages } from './guard/protocol.ts';
import { counted, createReporter, REPORT_WINDOW_MS, type RefusedBorder } from './guard/reports.ts';
import { createInputGate } from './input/gate.ts';
import { createPointerWatch } from './input/pointer.ts';
import { createIntents, locking } from './intents.ts';
import { ACTIVITY_INTERVAL_MS, osIdleMs, watchMachine } from './machine.ts';
import type { KioskOptions } from './options.ts';
import { initialState, isOpen, pictureOf, type SeatChange, step, visibleApp } from './picture.ts';
import { createDownloads } from './web/downloads.ts';
import type { PageFailure } from './web/failures.ts';
import { createWebOrders } from './web/orders.ts';
import { sendToPrinter } from './web/printer.ts';
import { createPrinting } from './web/printing.ts';
import { createWebApps } from './web/web-apps.ts';
import { openAppWindow, surfaceOf } from './windows/apps.ts';
import { watchPulse } from './windows/pulse.ts';
import { openSeatWindow } from './windows/seat.ts';
import { createStage } from './windows/stage.ts';

/** Lives in memory: the seat's own pages keep nothing on disk. */
const SEAT_PARTITION = 'wardlock-seat';
/** Exit code after the page crashed or hung: the service manager starts a new one. */
const EXIT_PAGE_LOST = 70;
/** A page that is not drawn by then is a lost one; a busy machine needs a few seconds. */
const LOAD_LIMIT_MS = 15_000;
/** Copying the largest file into a session on a busy machine. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

export interface KioskFolders {
  readonly preload: string;
  readonly renderer: string;
}

/** Opens the seat. Resolves when its page is drawn. */
export async function startKiosk(options: KioskOptions, folders: KioskFolders): Promise<void> {
  const { mode } = options;
  let state = initialState(mode, options.display, performance.now());
  let serial = 0;
  let quitting = false;
  app.on('before-quit', () => {
    quitting = true;
  });

  const reporter = createReporter<RefusedBorder>((border, what, count) => tell('refused', { border, what: counted(what, count) }));
  const webRefusals = createReporter<string>((appId, origin) => tell('webRefused', { appId, origin }));
  const webFailures = createReporter<PageFailure>((reason, appId, count) => tell('webFailed', { appId, reason, count }));
  const downloadRefusals = createReporter<SeenByScreens>((reason, appId, count) => tell('downloadRefused', { appId, reason, count }));
  const { report } = reporter;
  const flushAll = (): void => {
    for (const each of [reporter, webRefusals, webFailures, downloadRefusals]) each.flush();
  };

  const own = session.fromPartition(SEAT_PARTITION);
  lockSession(own, (address) => address.startsWith(`${SEAT_ORIGIN}/`), report);
  lockSession(session.defaultSession, () => false, report);
  await serveSeatPages(own, folders.renderer, report);

  const seat = openSeatWindow(mode, SEAT_PARTITION, join(folders.preload, 'index.cjs'));
  const page = seat.window.webContents;
  const native = openAppWindow('Wardlock apps', seat.appArea());
  const web = openAppWindow('Wardlock web', seat.appArea());
  const gate = createInputGate({
    onBadge(number) {
      // The contract's form: upper case, as PC/SC readers give it, whatever the scanner's keyboard is set to.
      if (Value.Check(BadgeNumber, number)) void link.request('badge', { number: number.toUpperCase() }).catch(ignoreLost);
      else report('input', 'badge malformed');
    },
    onBar: () => turnKeyboard(),
    onTooLong: () => void link.request('badgeTooLong', {}).catch(ignoreLost),
    rhythm: () => state.view?.wedge ?? USUAL_RHYTHM,
    report,
  });
  gate.attach(page, 'seat');
  lockPage(page, { mayNavigate: () => false, astray: { unless: (address) => address === SEAT_PAGE, home: SEAT_PAGE }, report });
  const downloadFolder = join(dirname(options.agentSocket), INCOMING_FOLDER);
  const downloads = createDownloads({
    folder: downloadFolder,
    isOpen: () => isOpen(state),
    hand(download) {
      // People read of them in the order in which they happened.
      downloadRefusals.flush();
      return link.request('download', download, DOWNLOAD_TIMEOUT_MS);
    },
    refused: (appId, reason) => downloadRefusals.report(reason, appId),
  });
  const webApps = createWebApps({
    window: web.window,
    gate,
    downloads,
    downloadFolder,
    report,
    onPrint: ({ id, print }, part) => printing.wanted(id, part, print),
    onRefusedOrigin: (appId, origin) => webRefusals.report(appId, origin),
    onFailed: (appId, reason) => webFailures.report(reason, appId),
    onClosedItself: (appId) => tell('close', { appId }),
    onTrouble: (appId, trouble) => change({ kind: 'trouble', appId, trouble }),
  });
  const stage = createStage({ seat, native, web, webApps });

  const picture = () => pictureOf(state, serial, performance.now());
  const change = (by: SeatChange): void => {
    const before = state;
    state = step(state, by);
    if (state === before) return;
    serial += 1;
    // Opaque first: the windows follow a lock before the page even hears of it.
    if (!isOpen(state)) {
      stage.apply(state);
      downloads.stop('locked');
    }
    sendPicture(page, picture());
    if (isOpen(state)) stage.apply(state);
    // What was copied at the lock, a code in its field, is not for whoever opens it either.
    if (isOpen(before) !== isOpen(state) || (isOpen(state) && before.sessionId !== state.sessionId)) forgetCopied();
    if (state.display !== before.display) nativeTheme.themeSource = themeSource(state.display.theme);
    webOrders.pictured(before.sessionId === state.sessionId);
  };
  const openWeb = (appId: string): boolean => {
    const found = state.view?.apps.find(({ id, kind }) => id === appId && kind === 'web');
    if (found?.url === undefined || found.origins === undefined) return false;
    const { url, origins, patterns = null, print = false, clipboard = 'deny', downloads: saves = 'deny' } = found;
    webApps.open({ id: appId, url, origins, patterns, print, clipboard, downloads: saves });
    stage.apply(state);
    return true;
  };
  const printing = createPrinting({
    seenIn: (appId) => (visibleApp(state)?.id === appId ? state.sessionId : null),
    ask: async (appId, part) => (await link.request('print', { appId, part })).taken,
    told: (appId, outcome) => tell('printed', { appId, outcome }),
    pdf: webApps.pdf,
    send: sendToPrinter,
    refused: () => report('input', 'print'),
    now: () => performance.now(),
  });
  const webOrders = createWebOrders({ open: openWeb, close: webApps.close, closeAll: webApps.closeAll });

  const link = openLink({
    path: options.agentSocket,
    build: `wardlock-ui/${app.getVersion()}`,
    onState: linkChanged,
    onView: (view) => change({ kind: 'view', view }),
    onWeb: (order) => webOrders.take(order),
    onBar: () => void turnKeyboard(),
  });
  function turnKeyboard(): boolean {
    const whose = stage.turnKeyboard(state);
    if (whose === 'bar') sendBar(page);
    return whose !== null;
  }
  function linkChanged(next: LinkState, why: ErrorCode | undefined): void {
    change({ kind: 'link', link: next, at: performance.now() });
    process.stdout.write(`wardlock-ui: agent ${next}${why === undefined ? '' : ` (${why})`}\n`);
    if (next !== 'up') return;
    tellSurface();
    flushAll();
  }
  function tell<N extends RequestName<UiBoundary>>(name: N, params: Params<UiBoundary, N>): boolean {
    if (state.link !== 'up') return false;
    void link.request(name, params).catch(ignoreLost);
    return true;
  }
  function tellSurface(): void {
    tell('surface', surfaceOf(native.window, process.env.DISPLAY ?? ''));
  }

  serveBridge(ipcMain, page, createIntents({ mode, link, change, picture, retry: webApps.retry, typing: gate.typing }), report);
  watchMachine(
    (what) => void locking({ link, change }, 'power', { what }).catch(ignoreLost),
    () => {
      seat.arrange();
      native.window.setBounds(seat.appArea());
      tellSurface();
    },
  );
  const pointer = createPointerWatch(
    () => screen.getCursorScreenPoint(),
    () => performance.now(),
  );
  const timers = [
    setInterval(() => {
      const ownIdleMs = Math.min(gate.idleMs(), pointer.idleMs());
      // A locked seat only tests what it is told.
      tell('activity', { osIdleMs: osIdleMs(), ownIdleMs, nativeFront: visibleApp(state)?.kind === 'native' });
    }, ACTIVITY_INTERVAL_MS),
    setInterval(flushAll, REPORT_WINDOW_MS),
  ];

  seat.window.on('close', (event) => {
    if (quitting || mode === 'practice') return;
    event.preventDefault();
    report('window', 'close');
  });
  let stopPulse = (): void => {};
  seat.window.on('closed', () => {
    for (const timer of timers) clearInterval(timer);
    stopPulse();
    link.stop();
    native.window.destroy();
    web.window.destroy();
    app.quit();
  });
  let lost = false;
  const lose = (): void => {
    if (quitting || lost) return;
    lost = true;
    link.stop();
    app.exit(EXIT_PAGE_LOST);
  };
  page.on('render-process-gone', lose);
  page.on('unresponsive', lose);

  nativeTheme.themeSource = themeSource(options.display.theme);
  const loadLimit = setTimeout(lose, LOAD_LIMIT_MS);
  try {
    await page.loadURL(SEAT_PAGE);
  } catch (failure) {
    // What is lost while it loads ends the kiosk with its own code, not as a defect.
    if (lost) return;
    throw failure;
  } finally {
    clearTimeout(loadLimit);
  }
  stopPulse = watchPulse(page, lose);
  seat.arrange();
  native.window.setBounds(seat.appArea());
  seat.window.show();
  seat.window.focus();
  if (mode === 'practice') seat.window.on('move', () => stage.apply(state));
  seat.window.on('resize', () => stage.apply(state));
}

function themeSource(theme: 'auto' | 'light' | 'dark'): 'system' | 'light' | 'dark' {
  return theme === 'auto' ? 'system' : theme;
}

/** The link itself notices a lost agent and locks; the request that was lost with it needs no word of its own. */
function ignoreLost(): void {}
