import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { planOf, proxyScript } from './routes.ts';

const DEAD_END = 'PROXY 127.0.0.1:4711';

describe('escape 32: the way out of the machine for a web application', () => {
  it('lets its own origins past a proxy that leads nowhere, each by its port, and sends the loopback there, too', () => {
    const routes = [
      { origin: 'https://records.example', way: 'DIRECT' },
      { origin: 'http://127.0.0.1:8080', way: 'DIRECT' },
      { origin: 'https://[::1]:8443', way: 'DIRECT' },
    ];
    expect(planOf(routes, 4711)).toEqual({
      config: {
        mode: 'fixed_servers',
        proxyRules: 'http://127.0.0.1:4711',
        proxyBypassRules:
          '<-loopback>;https://records.example:443;wss://records.example:443;http://127.0.0.1:8080;ws://127.0.0.1:8080;https://[::1]:8443;wss://[::1]:8443',
      },
      onward: new Map(),
    });
  });

  it('lets nothing past for origins that no address can have', () => {
    const routes = ['https://*.example', 'ftp://files.example', 'file:///etc'].map((origin) => ({ origin, way: 'DIRECT' }));
    expect(planOf(routes, 4711).config.proxyBypassRules).toBe('<-loopback>');
  });

  it('leads on to the proxies of the system where there are any, and still takes the loopback', () => {
    const routes = [
      { origin: 'https://records.example', way: 'PROXY proxy.example:3128; HTTP [fd00::1]:8080;DIRECT' },
      { origin: 'http://ward.example:8080', way: 'DIRECT' },
    ];
    expect(planOf(routes, 4711)).toEqual({
      config: {
        mode: 'fixed_servers',
        proxyRules: 'http://127.0.0.1:4711',
        proxyBypassRules: '<-loopback>;http://ward.example:8080;ws://ward.example:8080',
      },
      onward: new Map([['records.example:443', [{ host: 'proxy.example', port: 3128 }, { host: 'fd00::1', port: 8080 }, 'direct']]]),
    });
  });

  it.each(['SOCKS5 proxy.example:1080', 'HTTPS proxy.example:443;DIRECT'])('leaves its origins to Chromium where the way is %s', (way) => {
    const { config, onward } = planOf([{ origin: 'https://records.example', way }], 4711);
    expect([config.mode, onward.size]).toEqual(['pac_script', 0]);
    const script = atob((config.pacScript ?? '').replace('data:application/x-ns-proxy-autoconfig;base64,', ''));
    expect(script).toBe(proxyScript({ 'https://records.example:443': way, 'wss://records.example:443': way }, 4711));
  });

  const ways = {
    'https://records.example:443': 'PROXY a:1',
    'wss://records.example:443': 'PROXY a:1',
    'http://[fd00::1]:8080': 'DIRECT',
  };
  it.each([
    ['https://records.example/', 'PROXY a:1'],
    ['https://RECORDS.example:443/x?y#z', 'PROXY a:1'],
    ['wss://records.example', 'PROXY a:1'],
    ['http://[fd00::1]:8080/x', 'DIRECT'],
    ['http://records.example/', DEAD_END],
    ['https://records.example:8443/', DEAD_END],
    ['https://records.example.evil.example/', DEAD_END],
    ['https://evil.example/?https://records.example/', DEAD_END],
    ['https://evil.example#@records.example/', DEAD_END],
    ['https://name:word@evil.example/', DEAD_END],
    ['http://[fd00::1]/', DEAD_END],
    ['ftp://records.example/', DEAD_END],
    ['nothing', DEAD_END],
  ])('the script sends %s to %s', (address, way) => {
    const answer: unknown = runInNewContext(`${proxyScript(ways, 4711)}; FindProxyForURL(${JSON.stringify(address)}, 'x')`);
    expect(answer).toBe(way);
  });
});
