/** What every part of the page may use: the words, the bridge, the picture. */
import { createContext, useContext, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Picture, SeatBridge } from '../contract/bridge.ts';
import type { Text } from './i18n/text.ts';
import { untilNextMinute } from './view/time.ts';

export interface SeatContext {
  readonly t: Text;
  readonly bridge: SeatBridge;
  readonly picture: Picture;
  /** Since when the agent's present sentence stands, by `performance.now()`: a wait that it names is counted from there on every screen. */
  readonly saidAt: number;
}

export const Context = createContext<SeatContext | null>(null);

export function useSeat(): SeatContext {
  const context = useContext(Context);
  if (context === null) throw new Error('A part of the seat stands outside the seat.');
  return context;
}

/** The present minute; draws again only when it changes. */
export function useMinute(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setTimeout(() => setNow(new Date()), untilNextMinute(now.getTime()));
    return () => clearTimeout(timer);
  }, [now]);
  return now;
}

/**
 * Milliseconds left of a countdown that was given as a length, counted from when it was given.
 * @param since changes when the countdown was given anew
 */
export function useCountdown(lengthMs: number, since: unknown): number {
  const [left, setLeft] = useState(lengthMs);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `since` is what starts the same length again
  useEffect(() => {
    const end = performance.now() + lengthMs;
    setLeft(lengthMs);
    if (lengthMs <= 0) return undefined;
    const timer = setInterval(() => setLeft(Math.max(0, end - performance.now())), 250);
    return () => clearInterval(timer);
  }, [lengthMs, since]);
  return left;
}

/** Milliseconds until a moment of the wall clock, twice a second. */
export function useUntil(moment: string | undefined): number {
  const left = (): number => (moment === undefined ? 0 : Math.max(0, Date.parse(moment) - Date.now()));
  const [ms, setMs] = useState(left);
  useEffect(() => {
    if (moment === undefined) return undefined;
    const update = (): void => setMs(Math.max(0, Date.parse(moment) - Date.now()));
    update();
    const timer = setInterval(update, 500);
    return () => clearInterval(timer);
  }, [moment]);
  return ms;
}

/** When this value was first seen, by `performance.now()`. */
export function useSince(value: unknown): number {
  const known = JSON.stringify(value);
  const first = useRef({ known, at: performance.now() });
  if (first.current.known !== known) first.current = { known, at: performance.now() };
  return first.current.at;
}

/** Tells main while a person is awaited at the keyboard: keys that a slow machine reads late are then not taken for a badge. */
export function useTyping(): void {
  const { bridge } = useSeat();
  useLayoutEffect(() => {
    void bridge.typing({ awaited: true });
    return () => void bridge.typing({ awaited: false });
  }, [bridge]);
}
