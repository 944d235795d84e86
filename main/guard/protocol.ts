/**
 * Serves the seat's own pages under `wardlock://seat/`: only files that were in the renderer's folder at start, each
 * with the content security policy. Must never build a path from what was asked.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { protocol, type Session } from 'electron';
import type { Report } from './reports.ts';

export const SEAT_SCHEME = 'wardlock';
export const SEAT_ORIGIN = 'wardlock://seat';
export const SEAT_PAGE = `${SEAT_ORIGIN}/index.html`;

/** Files of the app only: no inline script or style, no connection anywhere, no frame, no form. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'none'",
  "frame-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};

/** Before Electron is ready: gives the scheme an origin of its own. */
export function registerSeatScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SEAT_SCHEME, privileges: { standard: true, secure: true, codeCache: true } }]);
}

/** After Electron is ready: answers for the seat's pages and for nothing else. */
export async function serveSeatPages(session: Session, folder: string, report: Report): Promise<void> {
  const files = await listFiles(folder);
  session.protocol.handle(SEAT_SCHEME, async (request) => {
    const path = files.get(request.url.split(/[?#]/, 1)[0] ?? '');
    if (path === undefined || request.method !== 'GET') {
      report('protocol', 'wardlock: unknown file');
      return new Response('Not part of this seat.', { status: 404, headers: headersFor('.txt') });
    }
    return new Response(new Uint8Array(await readFile(path)), { headers: headersFor(posix.extname(path)) });
  });
}

function headersFor(extension: string): Record<string, string> {
  return {
    'content-type': TYPES[extension] ?? 'text/plain; charset=utf-8',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=(), bluetooth=()',
  };
}

/** Every file below a folder, by the address it is served under. */
async function listFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [`${SEAT_ORIGIN}/${path.slice(folder.length + 1).replaceAll('\\', '/')}`, path];
      }),
  );
}
