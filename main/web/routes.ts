/**
 * Which way out of the machine each address has for a web application: its own origins go as the system says, everything else to a
 * dead end. Chromium asks this for every connection, also for those that no request handler sees, such as web sockets of workers. Pure.
 */
import type { ProxyConfig } from 'electron';
import type { Hop } from './onward.ts';

export interface Route {
  /** An origin of the policy. */
  readonly origin: string;
  /** How the system reaches it, in the words of a proxy script: `DIRECT`, or `PROXY host:port` and the like, in order. */
  readonly way: string;
}

export interface Plan {
  readonly config: ProxyConfig;
  /** Where the kiosk's own proxy leads on, by `host:port`; everything else is its dead end. */
  readonly onward: ReadonlyMap<string, readonly Hop[]>;
}

const DIRECT = 'DIRECT';
const HTTP_PROXY = /^(?:PROXY|HTTP) +(\[[^\]]+\]|[^\s:]+):(\d{1,5})$/iu;
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const SOCKETS: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:' };

/**
 * The rules are fixed ones wherever they can be, because Chromium sends loopback and link-local addresses past every script. What the system
 * reaches by a proxy goes to the kiosk's own, which leads on to that; only a way that it can't go itself needs a script.
 * @param deadEnd the port of the kiosk's own proxy on the loopback
 */
export function planOf(routes: readonly Route[], deadEnd: number): Plan {
  const known = routes.flatMap(({ origin, way }) => endpointsOf(origin).map((endpoint) => ({ endpoint, way, hops: hopsOf(way) })));
  const onward = new Map<string, readonly Hop[]>();
  for (const { endpoint, way, hops } of known) {
    if (hops === null) return { config: byScript(known, deadEnd), onward: new Map() };
    if (way !== DIRECT) onward.set(endpoint.slice(endpoint.indexOf('//') + 2), hops);
  }
  const straight = known.filter(({ way }) => way === DIRECT);
  return {
    config: {
      mode: 'fixed_servers',
      proxyRules: `http://127.0.0.1:${deadEnd}`,
      proxyBypassRules: ['<-loopback>', ...straight.map(({ endpoint }) => endpoint)].join(';'),
    },
    onward,
  };
}

/** The words of a proxy script as hops; null where one of them is of a kind that only Chromium can go. */
function hopsOf(way: string): readonly Hop[] | null {
  const hops: Hop[] = [];
  for (const word of way
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')) {
    const [, host, port] = HTTP_PROXY.exec(word) ?? [];
    if (word.toUpperCase() === DIRECT) hops.push('direct');
    else if (host === undefined) return null;
    else hops.push({ host: host.replaceAll(/[[\]]/gu, ''), port: Number(port) });
  }
  return hops;
}

function byScript(known: readonly { readonly endpoint: string; readonly way: string }[], deadEnd: number): ProxyConfig {
  const ways = Object.fromEntries(known.map(({ endpoint, way }) => [endpoint, way]));
  return { mode: 'pac_script', pacScript: `data:application/x-ns-proxy-autoconfig;base64,${btoa(proxyScript(ways, deadEnd))}` };
}

/** An origin and its web sockets, each with its port: a rule without one would speak of all ports of the host. */
function endpointsOf(origin: string): readonly string[] {
  const { protocol, hostname, port } = new URL(origin);
  const usual = PORTS[protocol];
  // A star would be a wildcard to Chromium; no address has one.
  if (usual === undefined || hostname.includes('*')) return [];
  return [protocol, SOCKETS[protocol]].map((scheme) => `${scheme}//${hostname}:${port === '' ? usual : port}`);
}

/** Chromium calls the function by this name, for each address; what it is given has neither name nor password in it. */
export function proxyScript(ways: Readonly<Record<string, string>>, deadEnd: number): string {
  return `const ways = new Map(Object.entries(${JSON.stringify(ways)}));
const ports = { http: '80', ws: '80', https: '443', wss: '443' };
function FindProxyForURL(url) {
  const parts = /^([a-z]+):\\/\\/(\\[[^\\]]+\\]|[^:/?#]+)(?::(\\d+))?(?:[/?#]|$)/i.exec(url);
  if (parts === null) return 'PROXY 127.0.0.1:${deadEnd}';
  const scheme = parts[1].toLowerCase();
  return ways.get(scheme + '://' + parts[2].toLowerCase() + ':' + (parts[3] || ports[scheme])) || 'PROXY 127.0.0.1:${deadEnd}';
}
`;
}
