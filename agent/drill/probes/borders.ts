/**
 * Ways from an application to the seat: its display (63), its sockets (65), message buses and service managers (66). What is there
 * to be reached is really there and listening: a refusal that nobody could have answered proves nothing.
 */
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { firstOf, type Probe, unlessEach, unlessSame } from '../probe.ts';
import { PERL, SHELL } from '../session.ts';

const X_SOCKETS = '/tmp/.X11-unix';
/** A display number that no seat has. */
const PLANTED_DISPLAY = 9_731;
/** ENOENT: the folder is hidden. */
const HIDDEN = 'refused 2\n';
/** EPERM: Landlock lets no connection out of the session. ECONNREFUSED: abstract names of the machine do not even exist in it. */
const OUT_OF_REACH = /^refused 1(?:11)?$/u;

/** What a connection to an address said: `open`, or `refused` with the errno. `\\0` begins an abstract name. */
const connect = (address: string): string =>
  `use Socket; { socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un("${address}")) ? "open" : "refused ".($!+0), "\\n"; }`;

interface Listening {
  readonly met: () => number;
  close(): Promise<void>;
}

async function listen(addresses: readonly string[]): Promise<Listening> {
  let met = 0;
  const servers = await Promise.all(
    addresses.map(async (address) => {
      const server = net.createServer(() => {
        met += 1;
      });
      await new Promise<void>((done, failed) => {
        server.once('error', failed);
        server.listen(address, done);
      });
      if (!address.startsWith('\0')) chmodSync(address, 0o666);
      return server;
    }),
  );
  return {
    met: () => met,
    close: async () => {
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
      for (const address of addresses) if (!address.startsWith('\0')) rmSync(address, { force: true });
    },
  };
}

const display: Probe = {
  escape: 63,
  what: 'no display of the machine answers an application, so it reads no key that is typed there',
  needs: [PERL],
  async attempt(session) {
    const found = readDisplays();
    const planted = `${X_SOCKETS}/X${PLANTED_DISPLAY}`;
    const listening = await listen([`\0${planted}`]);
    try {
      const paths = await session.perl(found.map((path) => connect(path)).join(' '));
      const abstract = await session.perl([...found, planted].map((path) => connect(`\\0${path}`)).join(' '));
      return firstOf([
        found.length === 0 ? null : unlessEach(paths, /^refused /u, found.length, 'a display by its path'),
        unlessEach(abstract, /^refused /u, found.length + 1, 'a display by its abstract name'),
        unlessSame(String(listening.met()), '0', 'connections that arrived'),
      ]);
    } finally {
      await listening.close();
    }
  },
};

function readDisplays(): readonly string[] {
  try {
    return readdirSync(X_SOCKETS).map((name) => join(X_SOCKETS, name));
  } catch {
    return [];
  }
}

const sockets: Probe = {
  escape: 65,
  what: 'no socket of the seat answers an application, by path or by abstract name',
  needs: [PERL],
  async attempt(session) {
    const path = join(session.state, 'drill.sock');
    const abstract = `\0wardlock-drill-${process.pid}`;
    const listening = await listen([path, abstract]);
    try {
      return firstOf([
        unlessSame(await session.perl(connect(path)), HIDDEN, 'a socket by path'),
        unlessEach(await session.perl(connect(abstract.replace('\0', '\\0'))), OUT_OF_REACH, 1, 'a socket by abstract name'),
        unlessSame(String(listening.met()), '0', 'connections that arrived'),
      ]);
    } finally {
      await listening.close();
    }
  },
};

const buses: Probe = {
  escape: 66,
  what: 'no message bus is there to ask, and no service manager to start what is denied',
  needs: [PERL, SHELL],
  async attempt(session) {
    const path = `/run/wardlock-drill-bus-${process.pid}`;
    const listening = await listen([path]);
    try {
      const places = [path, '/run/dbus/system_bus_socket', '/run/systemd/private'];
      const printed = await session.perl(places.map((place) => connect(place)).join(''));
      const asked = [
        'dbus-send --system / x.y',
        'dbus-launch true',
        'gdbus call',
        'busctl',
        'systemd-run --user true',
        'at now',
        'crontab -l',
      ];
      const started = await session.shell(asked.map((line) => `${line}; echo $?`).join('; '));
      return firstOf([
        unlessSame(printed, HIDDEN.repeat(places.length), 'a message bus'),
        unlessSame(String(listening.met()), '0', 'connections that arrived'),
        unlessEach(started, /^12[67]$/u, asked.length, 'a program that asks for a start'),
      ]);
    } finally {
      await listening.close();
    }
  },
};

export const borderProbes: readonly Probe[] = [display, sockets, buses];
