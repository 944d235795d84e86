/**
 * A display for tests: Xvfb with a cookie, and the few X requests that tests need, made by this process itself. Ends what it
 * started.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import koffi from 'koffi';
import { makeXauthority } from '../../agent/os/display/xauthority.ts';

type Call = (...args: readonly unknown[]) => unknown;

function requests(): Record<
  'open' | 'root' | 'create' | 'change' | 'raise' | 'grab' | 'map' | 'focus' | 'warp' | 'sync' | 'keymap' | 'close',
  Call
> {
  const x11 = koffi.load('libX11.so.6');
  const bind = (definition: string): Call => x11.func(definition);
  return {
    open: bind('void *XOpenDisplay(const char *)'),
    root: bind('unsigned long XDefaultRootWindow(void *)'),
    create: bind(
      'unsigned long XCreateSimpleWindow(void *, unsigned long, int, int, unsigned int, unsigned int, unsigned int, unsigned long, unsigned long)',
    ),
    map: bind('int XMapWindow(void *, unsigned long)'),
    raise: bind('int XRaiseWindow(void *, unsigned long)'),
    change: bind('int XChangeWindowAttributes(void *, unsigned long, unsigned long, const uint8_t *)'),
    grab: bind('int XGrabKeyboard(void *, unsigned long, int, int, int, unsigned long)'),
    focus: bind('int XSetInputFocus(void *, unsigned long, int, unsigned long)'),
    warp: bind('int XWarpPointer(void *, unsigned long, unsigned long, int, int, unsigned int, unsigned int, int, int)'),
    sync: bind('int XSync(void *, int)'),
    keymap: bind('int XQueryKeymap(void *, _Out_ uint8_t *)'),
    close: bind('int XCloseDisplay(void *)'),
  };
}

const KEYMAP_BYTES = 32;

/** A rectangle of a display, in pixels. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A connection to a display, as any program that has its cookie can make one. */
export class XClient {
  readonly #x = requests();
  readonly #display: unknown;

  constructor(name: string, xauthority: string) {
    process.env['XAUTHORITY'] = xauthority;
    this.#display = this.#x.open(name);
    delete process.env['XAUTHORITY'];
    if (this.#display === null) throw new Error(`Display ${name} refused the connection.`);
  }

  /** Makes and shows a window, and gives back its id. */
  window(at: Area): number {
    const id = this.#x.create(this.#display, this.#x.root(this.#display), at.x, at.y, at.width, at.height, 0, 0, 0);
    this.#x.map(this.#display, id);
    this.#x.sync(this.#display, 0);
    return Number(id);
  }

  /** A window that no window manager places, above all others, in one colour: what an application would cover a lock with. */
  cover(area: Area, colour: number): void {
    const id = this.#x.create(this.#display, this.#x.root(this.#display), area.x, area.y, area.width, area.height, 0, 0, colour);
    // XSetWindowAttributes: override_redirect is the int at 88; its bit in the mask is 9.
    const attributes = Buffer.alloc(112);
    attributes.writeInt32LE(1, 88);
    this.#x.change(this.#display, id, 1 << 9, attributes);
    this.#x.map(this.#display, id);
    this.#x.raise(this.#display, id);
    this.#x.sync(this.#display, 0);
  }

  /** Takes every key of this display for itself. Whether the server let it. */
  grabKeys(): boolean {
    return this.#x.grab(this.#display, this.#x.root(this.#display), 1, 1, 1, 0) === 0;
  }

  /** Gives a window the keys, and moves the pointer into it. */
  enter(window: number): void {
    this.#x.focus(this.#display, window, 1, 0);
    this.pointAt(window, 5, 5);
  }

  pointAt(window: number, x: number, y: number): void {
    this.#x.warp(this.#display, 0, window, 0, 0, 0, 0, x, y);
    this.#x.sync(this.#display, 0);
  }

  /** Whether any key is down, as this client is told. */
  seesKey(): boolean {
    const keys = Buffer.alloc(KEYMAP_BYTES);
    this.#x.keymap(this.#display, keys);
    return keys.some((byte) => byte !== 0);
  }

  close(): void {
    this.#x.close(this.#display);
  }
}

export interface TestDisplay {
  readonly name: string;
  readonly xauthority: string;
  close(): Promise<void>;
}

export async function startTestDisplay(width: number, height: number): Promise<TestDisplay> {
  const folder = mkdtempSync(join(tmpdir(), 'wl-x-'));
  const xauthority = join(folder, 'xauthority');
  // Display numbers are the server's choice, so the cookie is written for it after the start; the server takes any number's.
  writeFileSync(xauthority, makeXauthority(0), { mode: 0o644 });
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp', '-auth', xauthority], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await readNumber(server);
  const cookie = makeXauthority(number);
  // The server reads its file again when a client's cookie is not known to it.
  writeFileSync(xauthority, cookie, { mode: 0o644 });
  execFileSync('chmod', ['755', folder]);
  return {
    name: `:${number}`,
    xauthority,
    close: async () => {
      server.kill('SIGTERM');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function readNumber(server: ChildProcess): Promise<number> {
  const pipe = server.stdio[3];
  if (!(pipe instanceof Readable)) throw new TypeError('Xvfb was started without its pipe.');
  const [chunk] = await once(pipe, 'data');
  return Number(String(chunk).trim());
}

/** The titles of the windows that can be seen. */
export function titlesShown(display: TestDisplay): readonly string[] {
  const env = { DISPLAY: display.name, XAUTHORITY: display.xauthority, PATH: '/usr/bin:/bin' };
  const asked = (...args: readonly string[]): readonly string[] =>
    spawnSync('xdotool', args, { env, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return asked('search', '--onlyvisible', '--name', '.').flatMap((id) => asked('getwindowname', id));
}

/** The different pixel values that a display shows in a rectangle. */
export function coloursShown(display: TestDisplay, area: Area): ReadonlySet<number> {
  const env = { DISPLAY: display.name, XAUTHORITY: display.xauthority, PATH: '/usr/bin:/bin' };
  const dump = execFileSync('xwd', ['-root', '-silent'], { env, maxBuffer: 64 * 1024 * 1024 });
  // XWDFile.h: header size at 0, bytes per line at 48, number of colour entries (12 bytes each) at 76.
  const pixels = dump.subarray(dump.readUInt32BE(0) + dump.readUInt32BE(76) * 12);
  const line = dump.readUInt32BE(48);
  const seen = new Set<number>();
  for (let y = area.y; y < area.y + area.height; y += 1) {
    for (let x = area.x; x < area.x + area.width; x += 1) seen.add(pixels.readUInt32LE(y * line + x * 4) & 0xffffff);
  }
  return seen;
}

/** Presses and releases keys, such as `alt+F4`, one after the other. */
export function pressKeys(display: TestDisplay, keys: readonly string[]): void {
  execFileSync('xdotool', ['key', ...keys], { env: { DISPLAY: display.name, XAUTHORITY: display.xauthority, PATH: '/usr/bin:/bin' } });
}

/** Clicks buttons of the pointer where it is. */
export function clickButtons(display: TestDisplay, buttons: readonly number[]): void {
  const env = { DISPLAY: display.name, XAUTHORITY: display.xauthority, PATH: '/usr/bin:/bin' };
  for (const button of buttons) execFileSync('xdotool', ['click', String(button)], { env });
}

/** Presses a key on a display, lets `look` look while it is down, and releases it. */
export async function whileKeyIsDown<T>(display: TestDisplay, key: string, look: () => T | Promise<T>): Promise<T> {
  const env = { DISPLAY: display.name, XAUTHORITY: display.xauthority, PATH: '/usr/bin:/bin' };
  execFileSync('xdotool', ['keydown', key], { env });
  try {
    return await look();
  } finally {
    execFileSync('xdotool', ['keyup', key], { env });
  }
}
