/** What every part of the page may use: the words, the bridge, the picture. */
import { createContext, useCallback, useContext, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Answer, Picture, SeatBridge } from '../contract/bridge.ts';
import type { Text } from './i18n/text.ts';
import { isSameMinute, untilNextMinute } from './view/time.ts';

export interface SeatContext {
  readonly t: Text;
  readonly bridge: SeatBridge;
  readonly picture: Picture;
  /** Since when the agent's present sentence stands, by `performance.now()`: a wait that it names is counted from there on every screen. */
  readonly saidAt: number;
  /** The present minute. */
  readonly now: Date;
}

/** How often it is looked whether the clock was set, or stood still while the machine slept, in milliseconds. */
const LOOK_MS = 5_000;

export const Context = createContext<SeatContext | null>(null);

export function useSeat(): SeatContext {
  const context = useContext(Context);
  if (context === null) throw new Error('A part of the seat stands outside the seat.');
  return context;
}

/** The present minute; draws again only when it changes. */
export function useMinute(): Date {
  return useSeat().now;
}

/** Keeps the present minute for the whole page. */
export function useClock(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const look = (): void => setNow((shown) => (isSameMinute(shown, new Date()) ? shown : new Date()));
    const again = (): ReturnType<typeof setTimeout> =>
      setTimeout(
        () => {
          look();
          timer = again();
        },
        Math.min(LOOK_MS, untilNextMinute(Date.now())),
      );
    let timer = again();
    return () => clearTimeout(timer);
  }, []);
  return now;
}

/** Whole minutes since something that was so for `ms` milliseconds when it was told. */
export function useMinutesOf(ms: number): number {
  const [minutes, setMinutes] = useState(0);
  useEffect(() => {
    const begun = performance.now() - ms;
    const look = (): void => setMinutes(Math.floor((performance.now() - begun) / 60_000));
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [ms]);
  return minutes;
}

/**
 * Goes back from what somebody left on the screen.
 * @param touched whatever they do changes it and begins the time anew
 */
export function useForgotten(touched: unknown, onBack: () => void, afterMs: number): void {
  const back = useRef(onBack);
  back.current = onBack;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `touched` is what begins the time anew
  useEffect(() => {
    const timer = setTimeout(() => back.current(), afterMs);
    return () => clearTimeout(timer);
  }, [touched, afterMs]);
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

/** When this value was first seen, by `performance.now()`: before it is painted. */
export function useSince(value: unknown): number {
  const known = JSON.stringify(value);
  const [at, setAt] = useState(() => performance.now());
  // biome-ignore lint/correctness/useExhaustiveDependencies: `known` is what begins the time anew
  useLayoutEffect(() => setAt(performance.now()), [known]);
  return at;
}

/** Asks for something and keeps whether that found no answer: the agent says nothing of what it never took. */
export function useAsked(): { readonly failed: boolean; readonly ask: (answer: Promise<Answer<unknown>>) => Promise<void> } {
  const [failed, setFailed] = useState(false);
  const ask = useCallback(async (answer: Promise<Answer<unknown>>) => {
    setFailed(false);
    setFailed(!(await answer).ok);
  }, []);
  return { failed, ask };
}

/** Tells main while a person is awaited at the keyboard: keys that a slow machine reads late are then not taken for a badge. */
export function useTyping(): void {
  const { bridge } = useSeat();
  useLayoutEffect(() => {
    void bridge.typing({ awaited: true });
    return () => void bridge.typing({ awaited: false });
  }, [bridge]);
}
