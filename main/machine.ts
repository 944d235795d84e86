/**
 * What the machine does under the seat: sleep, screens, idle time. Each of them locks the picture at once and tells the
 * agent, which decides; nothing here opens anything.
 */
import { powerMonitor, screen } from 'electron';
import type { Params } from '../contract/boundary.ts';
import type { UiBoundary } from '../contract/ui.ts';

/** The agent hears this often how long ago there was input, in milliseconds. */
export const ACTIVITY_INTERVAL_MS = 1_000;

export type PowerChange = Params<UiBoundary, 'power'>['what'];

export function watchMachine(onPower: (what: PowerChange) => void, onDisplays: () => void): void {
  powerMonitor.on('suspend', () => onPower('suspend'));
  powerMonitor.on('resume', () => onPower('resume'));
  powerMonitor.on('lock-screen', () => onPower('osLock'));
  const displays = (): void => {
    onDisplays();
    onPower('displays');
  };
  screen.on('display-added', displays);
  screen.on('display-removed', displays);
  screen.on('display-metrics-changed', (_event, _display, changed) => {
    if (changed.some((metric) => metric !== 'workArea')) displays();
  });
}

/** Milliseconds since the operating system last saw input; whole seconds, as the system gives them. It counts the end of a page's video as input. */
export function osIdleMs(): number {
  return Math.max(0, Math.round(powerMonitor.getSystemIdleTime() * 1000));
}
