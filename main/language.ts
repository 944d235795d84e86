/**
 * Which language the screens speak: the one that a person chose, until their session ends and while the policy offers it; else the
 * policy's first; before a policy is known, that of the start. Pure.
 */
import type { DisplaySettings, SeatMode } from '../contract/bridge.ts';
import type { Language } from '../contract/looks.ts';

type Locale = DisplaySettings['locale'];

export interface LanguageState {
  readonly mode: SeatMode;
  /** How the kiosk was started. */
  readonly start: Locale;
  /** What the policy offers, the first to begin with; null while no policy is known. */
  readonly offered: readonly Language[] | null;
  /** `sessionId` is null for a choice on the locked screen: the next session takes it over. */
  readonly chosen: { readonly locale: Locale; readonly sessionId: string | null } | null;
}

/** What a view of the seat says about languages. */
export interface LanguageFacts {
  readonly offered: readonly Language[] | null;
  /** The session that is open or whose work is kept. */
  readonly sessionId: string | null;
  readonly isOpen: boolean;
}

export function initialLanguage(mode: SeatMode, start: Locale): LanguageState {
  return { mode, start, offered: null, chosen: null };
}

export function spoken({ mode, start, offered, chosen }: LanguageState): Locale {
  if (chosen !== null && isOffered(chosen.locale, mode, offered)) return chosen.locale;
  return offered?.[0] ?? start;
}

/** @param sessionId the open session; null on the locked screen */
export function choose(state: LanguageState, locale: Locale, sessionId: string | null): LanguageState {
  return isOffered(locale, state.mode, state.offered) ? { ...state, chosen: { locale, sessionId } } : state;
}

/** After a new view: a choice goes with its session, and one that was made before any belongs to the first that opens. */
export function heard(state: LanguageState, { offered, sessionId, isOpen }: LanguageFacts): LanguageState {
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
