/**
 * Stands between the keyboard and every page of the kiosk: keeps away keys that leave the seat, and holds back typed
 * characters until it is clear that no badge reader is typing them. Nothing of a badge ever reaches a page.
 */
import type { Input, WebContents } from 'electron';
import {
  releaseDue,
  WEDGE_IDLE,
  type WedgeKey,
  type WedgeRhythm,
  type WedgeState,
  type WedgeStep,
  wedgeKey,
} from '../../core/reader/wedge.ts';
import type { Report } from '../guard/reports.ts';
import { isBarKey, judgeKey } from './keys.ts';
import { createLateness } from './lateness.ts';

export interface InputGate {
  attach(contents: WebContents, place: 'seat' | 'web'): void;
  /** Whether the seat's page waits for a person to type a PIN, a name or a code. */
  typing(awaited: boolean): void;
  /** Milliseconds since a page last had input of any kind; what a badge reader types is none. */
  idleMs(): number;
}

export interface InputGateOptions {
  readonly onBadge: (number: string) => void;
  /** The key that leads from an application to the session bar, and back; false where there is no application to lead from. */
  readonly onBar: () => boolean;
  /** More was typed at once than any badge holds. */
  readonly onTooLong: () => void;
  /** By what a reader is told from a person now, as the policy says. */
  readonly rhythm: () => WedgeRhythm;
  readonly report: Report;
}

export function createInputGate(options: InputGateOptions): InputGate {
  let wedge: WedgeState = WEDGE_IDLE;
  let target: WebContents | undefined;
  let timer: NodeJS.Timeout | undefined;
  let injecting = false;
  let lastInput = performance.now();
  const lateness = createLateness(() => performance.now());
  const kept = new Set<string>();

  const settle = (step: WedgeStep, now: number): void => {
    wedge = step.state;
    clearTimeout(timer);
    if (step.release !== '' && target !== undefined) {
      // Only now it is a person's: the page hears of it from here, which is no input of its own.
      lastInput = now;
      type(target, step.release);
    }
    if (step.badge === 'overlong') {
      options.report('input', 'badge too long');
      options.onTooLong();
    } else if (step.badge !== null) options.onBadge(step.badge.number);
    if (step.due !== null)
      timer = setTimeout(
        () => settle(releaseDue(wedge, performance.now(), options.rhythm()), performance.now()),
        Math.max(0, step.due - now),
      );
  };
  const type = (contents: WebContents, text: string): void => {
    if (contents.isDestroyed()) return;
    injecting = true;
    try {
      for (const character of text) {
        const modifiers: 'shift'[] = character !== character.toLowerCase() ? ['shift'] : [];
        contents.sendInputEvent({ type: 'keyDown', keyCode: character, modifiers });
        contents.sendInputEvent({ type: 'char', keyCode: character, modifiers });
        contents.sendInputEvent({ type: 'keyUp', keyCode: character, modifiers });
      }
    } finally {
      injecting = false;
    }
  };
  /** No page gets it, and somebody pressed it all the same. */
  const keptFromPerson = ({ code }: Input): 'keep' => {
    lastInput = performance.now();
    kept.add(code);
    return 'keep';
  };
  const keyed = (contents: WebContents, place: 'seat' | 'web', input: Input): 'pass' | 'keep' => {
    if (input.type === 'keyUp') return kept.delete(input.code) ? 'keep' : 'pass';
    if (isBarKey(input) && (input.isAutoRepeat ? kept.has(input.code) : options.onBar())) return keptFromPerson(input);
    const verdict = judgeKey(input, place);
    if (!verdict.allowed) {
      options.report('input', verdict.name);
      return keptFromPerson(input);
    }
    const now = performance.now();
    // Where a person is awaited, doubt is theirs: a PIN that was read late must not be lost as a badge. Web apps get no such text.
    const key = wedgeKeyOf(input, place === 'seat' ? lateness.ofKeyAt(now) : 0);
    if (key === undefined) return 'pass';
    const rhythm = options.rhythm();
    if (target !== contents) settle(wedgeKey(wedge, { kind: 'other' }, now, rhythm), now);
    target = contents;
    const step = wedgeKey(wedge, key, now, rhythm);
    settle(step, now);
    if (step.hold) {
      kept.add(input.code);
      return 'keep';
    }
    // A key that is held down was held back at first; a page that hears of it now must hear of its end, too.
    kept.delete(input.code);
    // A list that a page opened over itself gets it instead of the page.
    lastInput = now;
    return 'pass';
  };

  return {
    attach(contents, place) {
      contents.on('before-input-event', (event, input) => {
        if (injecting) return;
        if (keyed(contents, place, input) === 'keep') event.preventDefault();
      });
      contents.on('input-event', () => {
        if (!injecting) lastInput = performance.now();
      });
    },
    typing: lateness.watch,
    idleMs: () => Math.max(0, Math.round(performance.now() - lastInput)),
  };
}

/** Undefined for keys that say nothing about the rhythm, such as Shift. */
function wedgeKeyOf(input: Input, lateMs: number): WedgeKey | undefined {
  if (['Shift', 'CapsLock', 'NumLock', 'AltGraph'].includes(input.key)) return undefined;
  if (input.key === 'Enter') return { kind: 'enter' };
  if (input.key === 'Tab') return { kind: 'tab' };
  const typed = [...input.key].length === 1 && !input.meta && !input.isAutoRepeat && !input.isComposing && input.control === input.alt;
  return typed ? { kind: 'character', character: input.key, lateMs } : { kind: 'other' };
}
