/**
 * Which way out of the machine each address has for a web application: its own origins go as the system says, everything else to a
 * dead end. Chromium asks this for every connection, also for those that no request handler sees, such as web sockets of workers. Pure.
 */
import type { ProxyConfig } from 'electron';

export interface Route {
  /** An origin of the policy. */
  readonly origin: string;
  /** How the system reaches it, in the words of a proxy script: `DIRECT`, or `PROXY host:port` and the like, in order. */
  readonly way: string;
}

const DIRECT = 'DIRECT';
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const SOCKETS: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:' };

/**
 * Where the system has no proxy the rules are fixed ones, because Chromium sends loopback and link-local addresses past every script.
 * @param deadEnd the port of a proxy on the loopback that refuses everything
 */
export function proxyConfigOf(routes: readonly Route[], deadEnd: number): ProxyConfig {
  const known = routes.flatMap(({ origin, way }) => endpointsOf(origin).map((endpoint) => ({ endpoint, way })));
  if (known.every(({ way }) => way === DIRECT)) {
    return {
      mode: 'fixed_servers',
      proxyRules: `http://127.0.0.1:${deadEnd}`,
      proxyBypassRules: ['<-loopback>', ...known.map(({ endpoint }) => endpoint)].join(';'),
    };
  }
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
