/**
 * Keeps the dialogs of the operating system away from web apps: no file chooser, no print dialog. Chromium offers no
 * setting for either, so its own inspection protocol intercepts them; a page can't undo that. A page's wish to print is told, and so is
 * what else its first script refuses.
 */
import type { WebContents } from 'electron';
import type { Report } from '../guard/reports.ts';
import { type Attempt, attemptOf, PAGE_SCRIPT } from './page-script.ts';
import type { PrintedPart } from './printing.ts';

const PROTOCOL_VERSION = '1.3';
const PRINTED: ReadonlyMap<Attempt, PrintedPart> = new Map([
  ['print the page', 'page'],
  ['print a frame', 'frame'],
]);

/** @returns when the dialogs are shut; the page must not be loaded before */
export async function shutDialogs(contents: WebContents, report: Report, onPrint: (part: PrintedPart) => void): Promise<void> {
  const { debugger: protocol } = contents;
  protocol.attach(PROTOCOL_VERSION);
  protocol.on('message', (_event, method) => {
    if (method === 'Page.fileChooserOpened') report('input', 'file chooser');
  });
  contents.on('console-message', (_event, _level, message) => {
    const attempt = attemptOf(message);
    if (attempt === undefined) return;
    const part = PRINTED.get(attempt);
    if (part !== undefined) onPrint(part);
    else report(attempt === 'webrtc' ? 'protocol' : 'window', attempt);
  });
  // The inspection protocol answers only once there is a frame to inspect.
  await contents.loadURL('about:blank');
  await protocol.sendCommand('Page.enable');
  // A navigation to another process forgets this one; a chooser needs a person's click, which comes later.
  const shutChooser = (): Promise<unknown> => protocol.sendCommand('Page.setInterceptFileChooserDialog', { enabled: true });
  contents.on('dom-ready', () => void shutChooser().catch(() => report('input', 'file chooser may open')));
  await shutChooser();
  await protocol.sendCommand('Page.addScriptToEvaluateOnNewDocument', { source: PAGE_SCRIPT });
}
