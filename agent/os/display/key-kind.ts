/** What a key of the X server is to the rhythm of a badge reader: a character, the end of a number, something else, or nothing at all. */
import type { WedgeKey } from '../../../core/reader/wedge.ts';

export interface TypedKey {
  /** X11/keysymdef.h. */
  readonly symbol: number;
  /** The text that it gives; empty for keys that give none. */
  readonly text: string;
  /** The modifiers that were down, as the bits of X11/X.h. */
  readonly modifiers: number;
}

/** Return, that of the keypad, Linefeed: Chromium calls all of them Enter. */
const ENTERS: ReadonlySet<number> = new Set([0xff0d, 0xff8d, 0xff0a]);
const TAB = 0xff09;
/** Shift, Caps Lock, Shift Lock, Num Lock, Mode Switch, the third and the fifth level: they change what others type. */
const LEVELS: ReadonlySet<number> = new Set([0xffe1, 0xffe2, 0xffe5, 0xffe6, 0xff7f, 0xff7e, 0xfe03, 0xfe11]);
/** The Super keys: no application of a seat has another use for them, and people know them as the way to what else there is. */
const BAR_KEYS: ReadonlySet<number> = new Set([0xffeb, 0xffec]);
const [CONTROL, ALT, SUPER] = [1 << 2, 1 << 3, 1 << 6];
const PRINTABLE = /^[ -~\u00a0-\u00ff]$/;

/** Whether a key leads to the session bar. */
export function isBarKey({ symbol }: TypedKey): boolean {
  return BAR_KEYS.has(symbol);
}

/** Undefined for keys that say nothing about the rhythm, such as Shift. */
export function wedgeKeyOf({ symbol, text, modifiers }: TypedKey): WedgeKey | undefined {
  if (LEVELS.has(symbol)) return undefined;
  if (ENTERS.has(symbol)) return { kind: 'enter' };
  if (symbol === TAB) return { kind: 'tab' };
  // Control and Alt together are how some keyboards write a third level.
  const isTyped = PRINTABLE.test(text) && (modifiers & SUPER) === 0 && ((modifiers & CONTROL) !== 0) === ((modifiers & ALT) !== 0);
  return isTyped ? { kind: 'character', character: text } : { kind: 'other' };
}
