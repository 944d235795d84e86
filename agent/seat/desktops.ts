/**
 * Where the applications of a session are shown: a nested display in the window that the screens offer. It begins one per
 * session, follows the window's size, and takes every one away when the screens are lost.
 */
import type { Params } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Desktop, Launcher } from '../launch/port.ts';
import type { SeatLog } from '../log.ts';
import type { Surface as SeatWindow } from '../os/display/nested.ts';

export type Surface = Params<UiBoundary, 'surface'>;

/** How long a launch waits for the screens to offer a window, in milliseconds. */
const SURFACE_WAIT_MS = 3_000;

export interface DesktopsPorts {
  readonly launcher: Pick<Launcher, 'openDesktop'>;
  /** Stands before the keys of a window, so that nothing of a badge reaches an application. @throws OS_DISPLAY_FAILED */
  readonly guardKeys: (window: SeatWindow) => Promise<{ end(): void }>;
  /** Cookie file of the seat's own display, where it has one. */
  readonly xauthority: string | null;
  readonly log: SeatLog;
}

export class Desktops {
  readonly #ports: DesktopsPorts;
  #offered = Promise.withResolvers<Surface>();
  #surface: Surface | null = null;
  readonly #open = new Map<string, { readonly windowId: number; readonly desktop: Promise<Desktop> }>();

  constructor(ports: DesktopsPorts) {
    this.#ports = ports;
  }

  /** The screens said which window applications are shown in: after each hello, and when displays change. */
  offer(surface: Surface): void {
    const former = this.#surface;
    this.#surface = surface;
    if (former === null) this.#offered.resolve(surface);
    for (const [session, { windowId, desktop }] of this.#open) {
      if (windowId !== surface.windowId) this.#takeAway(session);
      else if (former !== null && (former.width !== surface.width || former.height !== surface.height)) {
        desktop.then(({ resize }) => resize(surface.width, surface.height)).catch((failure: unknown) => this.#warn(failure));
      }
    }
  }

  /** The screens are gone: nothing of a session stays on any display. */
  withdraw(): void {
    this.#surface = null;
    this.#offered = Promise.withResolvers();
    for (const session of [...this.#open.keys()]) this.#takeAway(session);
  }

  /** Resolves once the session has its desktop. @throws OS_DISPLAY_FAILED */
  async ready(session: string): Promise<void> {
    const surface = this.#surface ?? (await within(this.#offered.promise));
    const known = this.#open.get(session);
    if (known !== undefined) {
      await known.desktop;
      return;
    }
    const desktop = this.#begin(session, surface);
    this.#open.set(session, { windowId: surface.windowId, desktop });
    const forget = (): void => {
      if (this.#open.get(session)?.desktop === desktop) this.#open.delete(session);
    };
    desktop.then(({ ended }) => ended.then(forget)).catch(forget);
    await desktop;
  }

  /** The launcher ends the desktop with the session. */
  forget(session: string): void {
    this.#open.delete(session);
  }

  async #begin(session: string, surface: Surface): Promise<Desktop> {
    const { launcher, xauthority, guardKeys } = this.#ports;
    const window = xauthority === null ? surface : { ...surface, xauthority };
    // Both take a moment, and neither needs the other.
    const guarding = guardKeys(window);
    const unguard = (): void => void guarding.then((guard) => guard.end()).catch(() => undefined);
    try {
      const opened = await launcher.openDesktop(session, window);
      if (!opened.ok) throw new WardlockError('OS_DISPLAY_FAILED', `The display for applications could not be started: ${opened.detail}`);
      void opened.ended.then(unguard);
      await guarding.catch(async (failure: unknown) => {
        await opened.end();
        throw failure;
      });
      return opened;
    } catch (failure) {
      unguard();
      throw failure;
    }
  }

  #takeAway(session: string): void {
    const known = this.#open.get(session);
    this.#open.delete(session);
    known?.desktop.then((desktop) => desktop.end()).catch((failure: unknown) => this.#warn(failure));
  }

  #warn(failure: unknown): void {
    this.#ports.log.warn('a display for applications', { failure });
  }
}

function within(offered: Promise<Surface>): Promise<Surface> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new WardlockError('OS_DISPLAY_FAILED', 'The screens of this seat offered no window for applications.')),
      SURFACE_WAIT_MS,
    );
    void offered.then((surface) => {
      clearTimeout(late);
      resolve(surface);
    });
  });
}
