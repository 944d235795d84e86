/**
 * Which keys reach a page of the seat: a short list of what typing needs, everything else is kept away and named. It
 * must never name a plain character, which could be part of a PIN.
 */

/** The part of Electron's input that the judgement needs. */
export interface KeyInput {
  readonly type: string;
  readonly key: string;
  readonly code: string;
  readonly control: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly meta: boolean;
  readonly isComposing: boolean;
}

export type KeyVerdict = { readonly allowed: true } | { readonly allowed: false; readonly name: string };

const ALLOWED: KeyVerdict = { allowed: true };

/** Keys without a character that a form needs. */
const EDITING = new Set([
  'Enter',
  'Escape',
  'Backspace',
  'Delete',
  'Tab',
  'Home',
  'End',
  'PageUp',
  'PageDown',
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
]);
/** Keys that alone do nothing on a page. */
const SILENT = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'CapsLock', 'NumLock', 'Dead', 'Compose', 'Process', 'Unidentified']);
/** Editing with Control held: select, copy, cut, paste, undo, redo. */
const WITH_CONTROL = new Set(['a', 'c', 'x', 'v', 'z', 'y']);
const WITH_CONTROL_EDITING = new Set(['ArrowLeft', 'ArrowRight', 'Backspace', 'Delete', 'Home', 'End']);

/** The Super key by itself: no application of a seat has another use for it, and people know it as the way to what else there is. */
export function isBarKey({ key, control, alt, shift }: KeyInput): boolean {
  return key === 'Meta' && !control && !alt && !shift;
}

/**
 * @param place `seat` are Wardlock's own pages, `web` is an allowed web app, whose own function keys work
 */
export function judgeKey(input: KeyInput, place: 'seat' | 'web'): KeyVerdict {
  if (input.isComposing || SILENT.has(input.key)) return ALLOWED;
  if (input.key === 'Meta' || input.meta) return refused(input);
  const character = [...input.key].length === 1;
  // AltGr writes characters; some systems report it as Control and Alt together.
  if (character && input.control && input.alt && !/^[a-z0-9]$/i.test(input.key)) return ALLOWED;
  if (input.alt) return refused(input);
  if (input.control) {
    const editing = WITH_CONTROL.has(input.key.toLowerCase()) && !input.shift;
    return editing || WITH_CONTROL_EDITING.has(input.key) ? ALLOWED : refused(input);
  }
  if (character || EDITING.has(input.key)) return ALLOWED;
  if (place === 'web' && /^F([2-9]|10)$/.test(input.key) && !input.shift) return ALLOWED;
  return refused(input);
}

function refused(input: KeyInput): KeyVerdict {
  const modifiers = [
    input.control && input.key !== 'Control' ? 'Ctrl+' : '',
    input.alt ? 'Alt+' : '',
    input.shift ? 'Shift+' : '',
    input.meta && input.key !== 'Meta' ? 'Super+' : '',
  ].join('');
  const key = input.key === 'Meta' ? 'Super' : input.key === ' ' ? 'Space' : input.key;
  return { allowed: false, name: `${modifiers}${[...key].length === 1 ? key.toUpperCase() : key}` };
}
