/**
 * The network of a session: none. Each way out is tried by the same script twice, inside a session and beside it as the same user, so that
 * a refusal inside is known to come from the session and not from the script.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PERL, sessionTests } from '../support/in-session.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';

const run = promisify(execFile);
const session = sessionTests();
const WITHOUT_NETWORKS = join(import.meta.dirname, '../support/without-networks-program.ts');

interface Listener {
  readonly server: net.Server;
  met: number;
}

let overTcp: Listener;
let byName: Listener;
const name = `wl-test-network-${process.pid}`;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  [overTcp, byName] = await Promise.all([listen({ host: '127.0.0.1', port: 0 }), listen({ path: `\0${name}` })]);
});
afterAll(() => {
  if (!isLinuxRoot) return;
  overTcp.server.close();
  byName.server.close();
});

async function listen(where: net.ListenOptions): Promise<Listener> {
  const listener: Listener = {
    met: 0,
    server: net.createServer((socket) => {
      listener.met += 1;
      socket.destroy();
    }),
  };
  listener.server.listen(where);
  await once(listener.server, 'listening');
  return listener;
}

/** Says `open`, or the number of the errno. */
function connecting(family: string, address: string): string {
  return `use Socket; socket(my $s, ${family}, SOCK_STREAM, 0) or die; print connect($s, ${address}) ? "open" : $!+0, "\\n";`;
}

async function beside(script: string): Promise<string> {
  const { uid, gid } = session.seat.app;
  const { stdout } = await run(PERL, ['-e', script], { uid, gid, cwd: '/', env: {} });
  return stdout;
}

describe('the network of a session', () => {
  rootTest('does not reach a listener on the machine’s 127.0.0.1', async () => {
    const address = overTcp.server.address();
    if (address === null || typeof address === 'string') throw new Error('The listener has no port.');
    const script = connecting('AF_INET', `pack_sockaddr_in(${address.port}, inet_aton("127.0.0.1"))`);
    // ENETUNREACH: there is no way to anywhere, not even to itself.
    expect(await session.perl(script)).toBe('101\n');
    expect(await beside(script)).toBe('open\n');
    await expect.poll(() => overTcp.met).toBe(1);
  });

  rootTest('does not reach an abstract socket of another program', async () => {
    const script = connecting('AF_UNIX', `sockaddr_un("\\0${name}")`);
    // ECONNREFUSED: in the session's network nobody has this name.
    expect(await session.perl(script)).toBe('111\n');
    expect(await beside(script)).toBe('open\n');
    await expect.poll(() => byName.met).toBe(1);
  });

  rootTest('has no interface that is up, and no way to anywhere', async () => {
    const script = 'for my $f (qw(/proc/net/dev /proc/net/route /proc/net/tcp)) { open(my $in, "<", $f) or die; print <$in> }';
    const seen = await session.perl(script);
    expect([...seen.matchAll(/^\s*(\S+):/gmu)].map(([, device]) => device).filter((device) => device !== '0')).toEqual(['lo']);
    expect(await beside(script)).toContain(' 0A ');
    expect(seen).not.toContain(' 0A ');
    // UDP asks nobody before it sends.
    const sending = `use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0) or die; print send($s, "x", 0, pack_sockaddr_in(9, inet_aton("127.0.0.1"))) ? "sent" : $!+0, "\\n";`;
    expect(await session.perl(sending)).toBe('101\n');
    expect(await beside(sending)).toBe('sent\n');
  });

  rootTest('is a named missing layer where the kernel refuses one', async () => {
    const { ui, app } = session.seat;
    const { stdout } = await run(process.execPath, [WITHOUT_NETWORKS, JSON.stringify({ ui, app })]);
    // Such a kernel has no place to listen to denials from either.
    const missing = ['network', 'denial-reports'].map((layer) => expect.objectContaining({ layer }));
    expect(JSON.parse(stdout)).toEqual({ name: 'enforced', missing, exitCode: 7 });
  });
});
