/**
 * How the screens look to whoever stands there: language, theme and size of text as a person chose them, until their session ends; else as
 * the kiosk was started, in the policy's first language once a policy is known. A chosen language counts while the policy offers it. Pure.
 */
import type { DisplaySettings, SeatMode } from '../contract/bridge.ts';
import type { Language } from '../contract/looks.ts';

type Locale = DisplaySettings['locale'];

export interface DisplayState {
  readonly mode: SeatMode;
  /** How the kiosk was started. */
  readonly start: DisplaySettings;
  /** What the policy offers, the first to begin with; null while no policy is known. */
  readonly offered: readonly Language[] | null;
  readonly chosen: Choice | null;
}

interface Choice {
  /** null: only the rest was chosen. */
  readonly locale: Locale | null;
  readonly theme: DisplaySettings['theme'];
  readonly textPercent: DisplaySettings['textPercent'];
  /** null for a choice on the locked screen: the next session takes it over. */
  readonly sessionId: string | null;
}

/** What a view of the seat says about languages and sessions. */
export interface DisplayFacts {
  readonly offered: readonly Language[] | null;
  /** The session that is open or whose work is kept. */
  readonly sessionId: string | null;
  readonly isOpen: boolean;
}

export function initialDisplay(mode: SeatMode, start: DisplaySettings): DisplayState {
  return { mode, start, offered: null, chosen: null };
}

export function shown({ mode, start, offered, chosen }: DisplayState): DisplaySettings {
  const { theme, textPercent } = chosen ?? start;
  const locale = chosen?.locale ?? null;
  const isSpoken = locale !== null && isOffered(locale, mode, offered);
  return { locale: isSpoken ? locale : (offered?.[0] ?? start.locale), theme, textPercent };
}

/**
 * Settings come as a whole: a language is chosen only where it differs from the one that is spoken, and where it may be.
 * @param sessionId the open session; null on the locked screen
 */
export function choose(state: DisplayState, wanted: DisplaySettings, sessionId: string | null): DisplayState {
  const { locale, theme, textPercent } = wanted;
  const isChosen = locale !== shown(state).locale && isOffered(locale, state.mode, state.offered);
  return { ...state, chosen: { locale: isChosen ? locale : (state.chosen?.locale ?? null), theme, textPercent, sessionId } };
}

/** After a new view: a choice goes with its session, and one that was made before any belongs to the first that opens. */
export function heard(state: DisplayState, { offered, sessionId, isOpen }: DisplayFacts): DisplayState {
  const { chosen } = state;
  if (chosen === null) return { ...state, offered };
  if (chosen.sessionId === null) return { ...state, offered, chosen: isOpen ? { ...chosen, sessionId } : chosen };
  return { ...state, offered, chosen: chosen.sessionId === sessionId ? chosen : null };
}

/** The languages nobody speaks are for looking at screens, never for a locked seat. */
function isOffered(locale: Locale, mode: SeatMode, offered: readonly Language[] | null): boolean {
  if (locale === 'pseudo' || locale === 'pseudo-rtl') return mode !== 'kiosk';
  return offered === null || offered.includes(locale);
}
