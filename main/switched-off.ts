/**
 * What of Chromium no page of the seat has, set before Electron is ready. A page can't undo it, and it holds in every process.
 */
import type { CommandLine } from 'electron';

/** A sandboxed frame of a web app stays in its page's process, where its dialogs are kept shut (web/no-dialogs.ts). */
const FEATURES = ['IsolateSandboxedIframes'] as const;
/** A window of the system's, above everything, with a page of an application in it. */
const PAGE_FEATURES = ['DocumentPictureInPictureAPI'] as const;
/** The same with a video in it, also by the video's own controls; and names of hosts that are looked up for a page which only mentions them. */
const SETTINGS = ['pictureInPictureEnabled=false', 'dnsPrefetchingEnabled=false'] as const;

export function switchOff(commandLine: CommandLine): void {
  commandLine.appendSwitch('disable-features', FEATURES.join(','));
  commandLine.appendSwitch('disable-blink-features', PAGE_FEATURES.join(','));
  commandLine.appendSwitch('blink-settings', SETTINGS.join(','));
}
