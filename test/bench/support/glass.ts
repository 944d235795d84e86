/**
 * What a display shows, looked at from outside like a person in front of it: a grid of pixels, read from the X server by this
 * process itself, because a program started for each look would be slower than what is measured.
 */
import koffi from 'koffi';
import type { Area } from '../../support/x-display.ts';

const GRID = 6;
const ALL_PLANES = 0xffffffff;
const Z_PIXMAP = 2;
const RGB = 0xffffff;

type Call = (...args: readonly unknown[]) => unknown;

export interface Glass {
  /** Whether any looked-at pixel of these areas has the colour. */
  shows(colour: number, areas: readonly Area[]): boolean;
  close(): void;
}

export function lookAt(name: string, authority: string | undefined): Glass {
  const x11 = koffi.load('libX11.so.6');
  const bind = (definition: string): Call => x11.func(definition);
  const get = bind('void *XGetImage(void *, unsigned long, int, int, unsigned int, unsigned int, unsigned long, int)');
  const pixel = bind('unsigned long XGetPixel(void *, int, int)');
  const destroy = bind('int XDestroyImage(void *)');
  if (authority !== undefined) process.env['XAUTHORITY'] = authority;
  const display = bind('void *XOpenDisplay(const char *)')(name);
  if (display === null) throw new Error(`Display ${name} refused the connection.`);
  const root = bind('unsigned long XDefaultRootWindow(void *)')(display);
  const at = (x: number, y: number): number => {
    const image = get(display, root, x, y, 1, 1, ALL_PLANES, Z_PIXMAP);
    if (image === null) throw new Error(`Display ${name} shows no pixel at ${x}, ${y}.`);
    const colour = Number(pixel(image, 0, 0)) & RGB;
    destroy(image);
    return colour;
  };
  const places = Array.from({ length: GRID }, (_, step) => (step + 0.5) / GRID);
  return {
    shows: (colour, areas) =>
      areas.some((area) =>
        places.some((right) =>
          places.some((down) => at(Math.floor(area.x + right * area.width), Math.floor(area.y + down * area.height)) === colour),
        ),
      ),
    close: () => void bind('int XCloseDisplay(void *)')(display),
  };
}
