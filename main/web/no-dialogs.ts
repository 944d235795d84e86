/**
 * Keeps the dialogs of the operating system away from web apps: no file chooser, no print dialog. Chromium offers no
 * setting for either, so its own inspection protocol intercepts them; a page can't undo that. A page's wish to print is told.
 */
import type { WebContents } from 'electron';
import type { Report } from '../guard/reports.ts';
import type { PrintedPart } from './printing.ts';

const PROTOCOL_VERSION = '1.3';
/** What main alone reads; a page that writes them itself has asked to print, no more. */
const PRINT_MARKS: ReadonlyMap<string, PrintedPart> = new Map([
  ['wardlock: print the page', 'page'],
  ['wardlock: print a frame', 'frame'],
]);
/**
 * Runs in every frame before any script of the page; it tells main by a console message. A page can print in two ways: by
 * `print()` and by an editing command. What the script needs later it takes now, while nobody has changed it.
 */
const NO_PRINT = `(() => {
  const { apply, defineProperty } = Reflect;
  const { execCommand } = Document.prototype;
  const { toLowerCase } = String.prototype;
  const { console } = window;
  const { debug } = console;
  const marks = ${JSON.stringify([...PRINT_MARKS.keys()])};
  const mark = marks[window === top ? 0 : 1];
  const tell = () => void apply(debug, console, [mark]);
  const command = function (name, ...more) {
    const text = \`\${name}\`;
    if (apply(toLowerCase, text, []) !== 'print') return apply(execCommand, this, [text, ...more]);
    tell();
    return false;
  };
  defineProperty(window, 'print', { value: tell, writable: false, configurable: false });
  defineProperty(Document.prototype, 'execCommand', { value: command, writable: true, configurable: true, enumerable: true });
})();`;

/** @returns when the dialogs are shut; the page must not be loaded before */
export async function shutDialogs(contents: WebContents, report: Report, onPrint: (part: PrintedPart) => void): Promise<void> {
  const { debugger: protocol } = contents;
  protocol.attach(PROTOCOL_VERSION);
  protocol.on('message', (_event, method) => {
    if (method === 'Page.fileChooserOpened') report('input', 'file chooser');
  });
  contents.on('console-message', (_event, _level, message) => {
    const part = PRINT_MARKS.get(message);
    if (part !== undefined) onPrint(part);
  });
  // The inspection protocol answers only once there is a frame to inspect.
  await contents.loadURL('about:blank');
  await protocol.sendCommand('Page.enable');
  // A navigation to another process forgets this one; a chooser needs a person's click, which comes later.
  const shutChooser = (): Promise<unknown> => protocol.sendCommand('Page.setInterceptFileChooserDialog', { enabled: true });
  contents.on('dom-ready', () => void shutChooser().catch(() => report('input', 'file chooser may open')));
  await shutChooser();
  await protocol.sendCommand('Page.addScriptToEvaluateOnNewDocument', { source: NO_PRINT });
}
