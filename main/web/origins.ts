/**
 * Which addresses a web app may reach: its own origins, over http(s) and web sockets, and nothing else; and at which of them its
 * pages may be. Pure.
 */
import { fitsPattern } from '../../core/policy/url-pattern.ts';

/** Where a web app may be, as the policy says. */
export interface WebScope {
  readonly origins: readonly string[];
  /** Addresses that its pages and frames are held to, their origins as a browser writes them; null for every one of the origins. */
  readonly patterns: readonly string[] | null;
}

const SECURE = new Map([
  ['http:', 'http:'],
  ['https:', 'https:'],
  ['ws:', 'http:'],
  ['wss:', 'https:'],
]);

/** The origin of an address as a web app's policy writes it; `scheme:` alone for schemes without one. */
export function originOf(address: string): string {
  try {
    const url = new URL(address);
    const scheme = SECURE.get(url.protocol);
    return scheme === undefined ? url.protocol : `${scheme}//${url.host}`;
  } catch {
    return 'not an address';
  }
}

/** Whether a page or a frame may be at this address. Data, blob and script addresses may not. */
export function mayNavigate(address: string, { origins, patterns }: WebScope): boolean {
  if (!/^https?:/i.test(address) || !reaches(address, origins)) return false;
  if (patterns === null) return true;
  const { origin, pathname, search } = new URL(address);
  return patterns.some((pattern) => fitsPattern(pattern, { origin, path: `${pathname}${search}` }));
}

/**
 * Whether a page may show this address in a frame: its own origin only. Chromium puts frames of other sites into processes of
 * their own, where the file chooser and the print dialog can't be kept shut from the page's side.
 * @param top the address of the page itself
 */
export function mayFrame(address: string, top: string): boolean {
  return /^https?:/i.test(top) && originOf(address) === originOf(top);
}

/** Whether a page may fetch this. What never leaves the page (`data:` and `blob:` pictures, fonts) may be used within it. */
export function mayRequest(address: string, resourceType: string, scope: WebScope): boolean {
  const { origins } = scope;
  if (resourceType === 'mainFrame' || resourceType === 'subFrame') return mayNavigate(address, scope);
  if (/^data:/i.test(address)) return true;
  if (/^blob:/i.test(address)) return reaches(address.slice('blob:'.length), origins);
  return reaches(address, origins);
}

/**
 * Whether a page may save what lies at this address: from its own origins, or something that it made itself there. Unlike a request, never
 * `data:`, which says of no origin that it is its own.
 */
export function maySave(address: string, { origins }: WebScope): boolean {
  if (/^blob:/i.test(address)) return /^https?:/i.test(address.slice('blob:'.length)) && reaches(address.slice('blob:'.length), origins);
  return /^https?:/i.test(address) && reaches(address, origins);
}

function reaches(address: string, origins: readonly string[]): boolean {
  const origin = originOf(address);
  return /^https?:\/\//.test(origin) && origins.some((allowed) => originOf(allowed) === origin && hasNoPath(allowed));
}

function hasNoPath(origin: string): boolean {
  return /^https?:\/\/[^/]+\/?$/i.test(origin);
}
