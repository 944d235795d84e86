/**
 * A display whose outputs come and go, as monitors do: Xorg with its dummy driver and no input devices. Needs root and Debian's
 * xserver-xorg-core, xserver-xorg-video-dummy and x11-xserver-utils.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type ServerCommand, XORG_CONFIG, xorg } from '../../agent/kiosk/display.ts';
import type { Area } from './x-display.ts';

const run = promisify(execFile);

/** Any colour that no screen of the seat has: what shines through is not covered. */
export const BENEATH = 0xff00ff;

/** What a machine without monitors needs beside the seat's own switches. A second section of flags would replace the first. */
const FLAGS = `  Option "AutoAddDevices" "false"
  Option "AutoAddGPU" "false"
EndSection`;
const DUMMY = `Section "InputClass"
  Identifier "none"
  Option "Ignore" "true"
EndSection
Section "Device"
  Identifier "dummy"
  Driver "dummy"
  VideoRam 256000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 5-1000
  VertRefresh 5-200
EndSection
Section "Screen"
  Identifier "screen"
  Device "dummy"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Virtual 4096 2048
    Modes "1280x800"
  EndSubSection
EndSection
`;

/** Modelines of the sizes in use (cvt(1)); the driver takes any. */
const MODES = {
  '1280x800': ['83.50', '1280', '1352', '1480', '1680', '800', '803', '809', '831'],
  '1024x768': ['63.50', '1024', '1072', '1176', '1328', '768', '771', '775', '798'],
} as const;

/** The seat's own Xorg, for `DisplaySpec.server`. */
export function xorgWithOutputs(authority: string): ServerCommand {
  return withOutputs(authority, '');
}

/** The same on a machine whose own configuration has something to say as well. */
export function withOutputs(authority: string, machine: string): ServerCommand {
  const config = join(dirname(authority), 'xorg.conf');
  writeFileSync(config, `${readFileSync(XORG_CONFIG, 'utf8').replace('EndSection', FLAGS)}\n${DUMMY}${machine}`);
  return xorg(authority, ['-sharevts'], config);
}

export interface Outputs {
  /** Outputs 1 and up; 0 is there from the start. */
  plug(output: number, mode: keyof typeof MODES, where: string, beside: number): Promise<void>;
  unplug(output: number): Promise<void>;
  /** Where each of the outputs that are on lies. */
  areas(): Promise<readonly Area[]>;
  /** Colours the display itself, below all windows. */
  colourBeneath(): Promise<void>;
}

export function outputsOf(display: { readonly name: string; readonly authority: string }): Outputs {
  const env = { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: display.authority };
  const xrandr = async (...args: readonly string[]): Promise<string> => (await run('xrandr', [...args], { env })).stdout;
  const known = new Set<string>();
  return {
    async plug(output, mode, where, beside) {
      if (!known.has(mode)) await xrandr('--newmode', `wardlock-${mode}`, ...MODES[mode]);
      known.add(mode);
      await xrandr('--addmode', `DUMMY${output}`, `wardlock-${mode}`);
      await xrandr('--output', `DUMMY${output}`, '--mode', `wardlock-${mode}`, where, `DUMMY${beside}`);
      // The dummy driver says that something is plugged in only when it is asked anew, as a real plug makes the server do.
      await xrandr('--query');
    },
    unplug: async (output) => void (await xrandr('--output', `DUMMY${output}`, '--off')),
    async areas() {
      const found = (await xrandr('--query')).matchAll(/^DUMMY\d+ connected (?:primary )?(\d+)x(\d+)\+(\d+)\+(\d+)/gm);
      return [...found].map(([, width, height, x, y]) => ({ x: Number(x), y: Number(y), width: Number(width), height: Number(height) }));
    },
    colourBeneath: async () => void (await run('xsetroot', ['-solid', '#ff00ff'], { env })),
  };
}
