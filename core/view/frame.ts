/**
 * Where the seat's own pixels lie over an app: the session bar, the closing ring of the warning, the frame of
 * break-glass. Main cuts its window along these rectangles and the renderer paints into them, so both must ask here.
 */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What lies over the app in front. */
export type Cover =
  | { readonly kind: 'full' }
  | { readonly kind: 'bar'; readonly framed: boolean }
  /** A question that waits for an answer, over work that stays visible. */
  | { readonly kind: 'card'; readonly framed: boolean; readonly textPercent: number }
  | { readonly kind: 'warning' /** 1 when the countdown starts, 0 at the lock. */; readonly left: number; readonly textPercent: number };

/** Height of the session bar in CSS pixels at every text size: the area below it belongs to the apps. */
export const SESSION_BAR_HEIGHT = 72;

/** Breadth of the frame around a break-glass session, in CSS pixels. */
export const EMERGENCY_FRAME = 14;
/** Breadth of the warning ring when it appears. */
const RING_FIRST = 20;
/** Its breadth at the lock, as a part of the shorter side. */
const RING_LAST = 0.2;
const CARD = { width: 680, height: 440, margin: 24 } as const;

/** The part of the work that the warning ring leaves free. */
export function warningHole(size: Size, bar: number, left: number): Rect {
  const area = below(size, bar);
  const gone = 1 - Math.min(1, Math.max(0, left));
  const last = Math.min(area.width, area.height) * RING_LAST;
  const ring = Math.round(RING_FIRST + Math.max(0, last - RING_FIRST) * gone);
  return { x: area.x + ring, y: area.y + ring, width: Math.max(0, area.width - 2 * ring), height: Math.max(0, area.height - 2 * ring) };
}

/** The card with the question, in the middle of the app's area; for larger text wider and a little higher, as far as there is room. */
export function warningCard(size: Size, bar: number, textPercent: number): Rect {
  const area = below(size, bar);
  const larger = textPercent / 100;
  const width = Math.min(CARD.width * larger, area.width - 2 * CARD.margin);
  const height = Math.min(CARD.height * (1 + (larger - 1) / 4), area.height - 2 * CARD.margin);
  return { x: Math.round(area.x + (area.width - width) / 2), y: Math.round(area.y + (area.height - height) / 2), width, height };
}

/** The rectangles that make up the seat's window; outside them the app is seen and takes input. Never empty. */
export function coverShape(size: Size, bar: number, cover: Cover): readonly Rect[] {
  const whole: Rect = { x: 0, y: 0, width: size.width, height: size.height };
  if (cover.kind === 'full') return [whole];
  const strip: Rect = { x: 0, y: 0, width: size.width, height: bar };
  const card = cover.kind === 'bar' ? [] : [warningCard(size, bar, cover.textPercent)];
  if (cover.kind === 'warning') return [strip, ...around(below(size, bar), warningHole(size, bar, cover.left)), ...card];
  if (!cover.framed) return [strip, ...card];
  const area = below(size, bar);
  const hole = {
    x: EMERGENCY_FRAME,
    y: area.y,
    width: Math.max(0, area.width - 2 * EMERGENCY_FRAME),
    height: Math.max(0, area.height - EMERGENCY_FRAME),
  };
  return [strip, ...around(area, hole), ...card];
}

/**
 * What of a display the seat's window leaves open, as rectangles: nothing of one that shows the same as the seat's own, as a mirrored
 * monitor does, whose cover would hide the seat itself.
 */
export function leftOpen(display: Rect, seat: Rect): readonly Rect[] {
  const x = Math.max(display.x, seat.x);
  const y = Math.max(display.y, seat.y);
  const width = Math.min(display.x + display.width, seat.x + seat.width) - x;
  const height = Math.min(display.y + display.height, seat.y + seat.height) - y;
  return width > 0 && height > 0 ? around(display, { x, y, width, height }) : [display];
}

function below(size: Size, bar: number): Rect {
  return { x: 0, y: bar, width: size.width, height: Math.max(0, size.height - bar) };
}

/** The strips that are left of `area` when `hole` is taken out of it. */
function around(area: Rect, hole: Rect): Rect[] {
  const bottom = hole.y + hole.height;
  const right = hole.x + hole.width;
  return [
    { x: area.x, y: area.y, width: area.width, height: hole.y - area.y },
    { x: area.x, y: bottom, width: area.width, height: area.y + area.height - bottom },
    { x: area.x, y: hole.y, width: hole.x - area.x, height: hole.height },
    { x: right, y: hole.y, width: area.x + area.width - right, height: hole.height },
  ].filter((rect) => rect.width > 0 && rect.height > 0);
}
