/** Addresses of web applications that can't be meant: a start page outside the origins, origins and patterns that never fit. Pure. */
import type { Contradiction } from '../core/policy/facts.ts';
import { fitsPattern, patternParts } from '../core/policy/url-pattern.ts';
import type { WebApp } from './apps.ts';
import type { PolicyDocument } from './schema.ts';

/** All of them travel to the screens in one message, whenever something on the seat changes. In characters. */
export const WEB_ADDRESSES_LIMIT = 65_536;

export function webContradictions({ apps }: PolicyDocument): readonly Contradiction[] {
  const length = apps.reduce((sum, app) => sum + (app.kind === 'web' ? lengthOf(app) : 0), 0);
  return [
    ...apps.flatMap((app, index) => (app.kind === 'web' ? ofApp(app, ['apps', index]) : [])),
    ...(length > WEB_ADDRESSES_LIMIT
      ? [
          {
            path: ['apps'],
            message: `The addresses, origins and patterns of all web applications have ${length} characters together, ${WEB_ADDRESSES_LIMIT} at most: write fewer patterns, with stars.`,
          },
        ]
      : []),
  ];
}

const lengthOf = ({ url, origins, patterns = [] }: WebApp): number =>
  [url, ...origins, ...patterns].reduce((sum, address) => sum + address.length, 0);

function ofApp({ name, url, origins, patterns = [] }: WebApp, path: readonly (string | number)[]): readonly Contradiction[] {
  const never = origins.flatMap((origin, at): readonly Contradiction[] =>
    originOf(origin) === null
      ? [
          {
            path: [...path, 'origins', at],
            message: `${name}: ${origin} can never be an origin: write it as https://host or https://host:port.`,
          },
        ]
      : [],
  );
  if (never.length > 0) return never;
  const known = new Set(origins.map(originOf));
  const start = URL.canParse(url) ? new URL(url) : null;
  const address = start === null ? null : { origin: start.origin, path: `${start.pathname}${start.search}` };
  const outside = address === null || !known.has(address.origin);
  const shut = !outside && patterns.length > 0 && !patterns.some((pattern) => fitsPattern(canonical(pattern), address));
  return [
    ...(outside
      ? [{ path: [...path, 'url'], message: `${name}: ${url} lies outside its origins (${origins.join(', ')}): it could never open.` }]
      : []),
    ...(shut ? [{ path: [...path, 'url'], message: `${name}: ${url} fits none of its patterns: it could never open.` }] : []),
    ...patterns.flatMap((pattern, at): readonly Contradiction[] =>
      known.has(originOf(patternParts(pattern).origin))
        ? []
        : [{ path: [...path, 'patterns', at], message: `${name}: ${pattern} is of none of its origins: it can never fit.` }],
    ),
  ];
}

/** The origin as a browser writes it; null for what no address can have: a star, a user, a path. */
export function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { origin, hostname, username, password, pathname, search, hash } = new URL(text);
  const isBare = username === '' && password === '' && pathname === '/' && search === '' && hash === '';
  return isBare && hostname !== '' && !hostname.includes('*') && origin !== 'null' ? origin : null;
}

/** A pattern with its origin as a browser writes it: without the port that goes without saying. */
export function canonical(pattern: string): string {
  const { origin, path } = patternParts(pattern);
  return `${originOf(origin) ?? origin}${path}`;
}
