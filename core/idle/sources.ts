/**
 * Compares what can say whether somebody is at the seat: the operating system's idle time, input in pages, a card that must lie
 * on the reader. Each was seen to freeze or to go blind on some machine, so none is believed against the others for long. What pages
 * can see they must have seen: there the system's word alone is nobody's input. Pure: times are milliseconds of the boot clock.
 */

/** What was seen at one moment, about once a second. */
export interface IdleReport {
  readonly atMs: number;
  /** Since the operating system saw input, to the whole second. It starts anew for some things that nobody did, such as the end of a video. */
  readonly osIdleMs: number;
  /** Since a page had input, the seat's own or a web app's; a native application's window is not one of them. */
  readonly ownIdleMs: number;
  /** A native application's window is seen, and takes input that no page sees. Everywhere else pages see all of it. */
  readonly nativeFront: boolean;
  /** `unknown` wherever the policy does not ask that the card stays. */
  readonly card: 'lying' | 'away' | 'unknown';
}

/**
 * Why the sources are not believed. `osBlind`: pages have input that the system does not see. `osFrozen`: the system's time
 * never grows although no page has input. `cardAway`: input goes on without the card that must lie there.
 */
export type SourceDoubt = 'osBlind' | 'osFrozen' | 'cardAway';

export interface SourcesState {
  /** The self-test: whether the system's idle time was seen to grow, as it must when nobody does anything. */
  readonly proven: boolean;
  readonly lastMs: number | null;
  readonly lastOsIdleMs: number | null;
  /** When a native application last had input; null for never. */
  readonly nativeInputMs: number | null;
  /** Since when each contradiction lasts, and of how many reports it is made. */
  readonly blind: Contradiction;
  readonly frozen: Contradiction;
  readonly away: Contradiction;
  readonly doubt: SourceDoubt | null;
  /** Reports in a row that agree, while there is a doubt. */
  readonly agreed: number;
}

interface Contradiction {
  readonly sinceMs: number | null;
  readonly reports: number;
}

export interface SourcesVerdict {
  readonly state: SourcesState;
  /** How long the seat counts as idle: since the latest input in a page or a native application, or with a doubt as the strictest source says. */
  readonly idleMs: number;
}

/** Input this lately is going on, in milliseconds. */
const NOW_MS = 2_000;
/** The system's whole seconds and the way of a report never make a difference of so much, in milliseconds. */
const APART_MS = 5_000;
/** A contradiction that lasts this long is a doubt, in milliseconds. */
const BLIND_FOR_MS = 180_000;
const FROZEN_FOR_MS = 300_000;
const AWAY_FOR_MS = 120_000;
/** Reports of input that the system did not see before that is a doubt. */
const BLIND_REPORTS = 60;
/** Reports that agree, in a row, before a doubt is over. */
const AGREED_REPORTS = 30;

/** Without a report for this long (a suspend, other screens) what was going on is not known, in milliseconds. */
const GAP_MS = 10_000;

const NONE: Contradiction = { sinceMs: null, reports: 0 };

export const SOURCES_START: SourcesState = {
  proven: false,
  lastMs: null,
  lastOsIdleMs: null,
  nativeInputMs: null,
  blind: NONE,
  frozen: NONE,
  away: NONE,
  doubt: null,
  agreed: 0,
};

/** What one more report says of the sources. Reports come in order; after a gap the comparisons begin anew. */
export function compareSources(former: SourcesState, report: IdleReport): SourcesVerdict {
  const isGap = former.lastMs !== null && report.atMs - former.lastMs > GAP_MS;
  const state = isGap ? { ...former, lastOsIdleMs: null, blind: NONE, frozen: NONE, away: NONE, agreed: 0 } : former;
  const { atMs, osIdleMs, ownIdleMs, card } = report;
  const grows = osIdleMs >= NOW_MS && state.lastOsIdleMs !== null && osIdleMs > state.lastOsIdleMs;
  const ownNow = ownIdleMs <= NOW_MS;
  const blindNow = ownNow && osIdleMs >= ownIdleMs + APART_MS;
  const seenNow = ownNow && !blindNow;
  const blind = blindNow ? more(state.blind, atMs) : seenNow ? NONE : state.blind;
  const frozen = grows ? NONE : more(state.frozen, atMs);
  const away = card === 'away' ? more(state.away, atMs) : NONE;
  const nativeInputMs = latest(state.nativeInputMs, report.nativeFront ? atMs - osIdleMs : null);
  const seenIdleMs = nativeInputMs === null ? ownIdleMs : Math.min(ownIdleMs, atMs - nativeInputMs);
  const found = findingOf({ blind, frozen, away }, report, seenIdleMs);
  const agrees = found === null && !blindNow && (state.doubt === 'osFrozen' ? grows : state.doubt === 'osBlind' ? seenNow : true);
  const agreed = state.doubt === null ? 0 : agrees ? state.agreed + 1 : blindNow || found !== null ? 0 : state.agreed;
  const doubt = found ?? (agreed >= AGREED_REPORTS ? null : state.doubt);
  return {
    state: {
      proven: state.proven || grows,
      lastMs: atMs,
      lastOsIdleMs: osIdleMs,
      nativeInputMs,
      blind,
      frozen,
      away,
      doubt,
      agreed: doubt === null ? 0 : agreed,
    },
    idleMs: idleOf(doubt, report, { seenIdleMs, away }),
  };
}

function more({ sinceMs, reports }: Contradiction, atMs: number): Contradiction {
  return { sinceMs: sinceMs ?? atMs, reports: reports + 1 };
}

function findingOf(
  { blind, frozen, away }: Pick<SourcesState, 'blind' | 'frozen' | 'away'>,
  { atMs, ownIdleMs }: IdleReport,
  seenIdleMs: number,
): SourceDoubt | null {
  if (blind.reports >= BLIND_REPORTS && lasted(blind, atMs) >= BLIND_FOR_MS) return 'osBlind';
  if (lasted(frozen, atMs) >= FROZEN_FOR_MS && ownIdleMs >= FROZEN_FOR_MS) return 'osFrozen';
  if (lasted(away, atMs) >= AWAY_FOR_MS && seenIdleMs <= NOW_MS) return 'cardAway';
  return null;
}

function lasted({ sinceMs }: Contradiction, atMs: number): number {
  return sinceMs === null ? 0 : atMs - sinceMs;
}

/** The later of two moments, where there is one. */
function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function idleOf(
  doubt: SourceDoubt | null,
  { atMs, osIdleMs, ownIdleMs }: IdleReport,
  { seenIdleMs, away }: { readonly seenIdleMs: number; readonly away: Contradiction },
): number {
  switch (doubt) {
    case null:
      return seenIdleMs;
    case 'cardAway':
      return Math.max(seenIdleMs, lasted(away, atMs));
    case 'osBlind':
    case 'osFrozen':
      return Math.max(osIdleMs, ownIdleMs);
  }
}
