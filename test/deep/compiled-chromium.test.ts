/**
 * A compiled policy in the real Chromium, on a display in memory: it fetches from the named origin and from no other, and knows
 * every name that the file gives. The same addresses without the policy are the control.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { compileChromium, LOCKED_DOWN } from '../../policies/compile/chromium.ts';
import { testPolicy } from '../support/policy.ts';
import { isLinuxRoot } from '../support/root.ts';
import { type Unpacked, unpackDebian } from '../support/unpacked-debian.ts';
import { startTestDisplay, type TestDisplay } from '../support/x-display.ts';

const LIMIT_MS = 240_000;
const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };

/** $1 the program, $2 its libraries, $3 a folder with Chromium's /etc, $4 a folder for its profile, then addresses. */
const SCRIPT = `set -e
chromium=$1; export LD_LIBRARY_PATH=$2; etc=$3; home=$4; shift 4
mkdir -p $home; mount -t tmpfs none $home; mkdir $home/up $home/work; cp -r $etc/. $home/up/
mount -t overlay none -o lowerdir=/etc,upperdir=$home/up,workdir=$home/work /etc
$chromium --no-sandbox --disable-gpu --no-first-run --user-data-dir=$home/profile "$@"
exit $?
`;

interface Site {
  readonly server: Server;
  readonly port: number;
  readonly seen: string[];
}

async function openSite(): Promise<Site> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`);
    response.end('<p>here</p>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The site has no port.');
  return { server, port: address.port, seen };
}

/** @param folder takes what the browser lays aside: it is killed, and clears nothing away */
interface Place {
  readonly chromium: Unpacked;
  readonly display: TestDisplay;
  readonly folder: string;
}

/** Runs the browser until the condition holds; its whole process tree ends with it. */
async function browse({ chromium, display, folder }: Place, words: readonly string[], holds: () => void): Promise<void> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const libraries = `${chromium.libraries}:${chromium.libraries}/pulseaudio`;
  const program = join(chromium.root, 'usr/lib/chromium/chromium');
  const child = spawn('unshare', [...namespaces, 'sh', '-c', SCRIPT, 'sh', program, libraries, ...words], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: display.name, XAUTHORITY: display.xauthority, TMPDIR: folder },
  });
  const exited = once(child, 'exit');
  try {
    await vi.waitFor(holds, { timeout: 60_000, interval: 250 });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

test('the real Chromium takes a compiled policy, and fetches from its origins only', { timeout: LIMIT_MS }, async (context) => {
  context.skip(!isLinuxRoot, 'needs root on Linux: it makes mounts');
  const chromium = await unpackDebian('chromium');
  const folder = await mkdtemp(join(tmpdir(), 'wl-chromium-'));
  const [named, other] = [await openSite(), await openSite()];
  const display = await startTestDisplay(1280, 800);
  const place: Place = { chromium, display, folder };
  try {
    const binary = await readFile(join(chromium.root, 'usr/lib/chromium/chromium'));
    expect(
      [...Object.keys(LOCKED_DOWN), 'ClipboardAllowedForUrls', 'URLAllowlist', 'URLBlocklist'].filter((name) => !binary.includes(name)),
    ).toEqual([]);
    expect(binary.includes('NoSuchPolicyOfChromium')).toBe(false);

    const origin = `http://127.0.0.1:${named.port}`;
    const apps = [{ id: 'web', name: 'Web', kind: 'web' as const, icon: 'x', url: `${origin}/`, origins: [origin] }];
    const [file] = compileChromium(testPolicy(1, keys, { apps }), {}).files;
    const managed = join(folder, 'with/chromium/policies/managed');
    await Promise.all([mkdir(managed, { recursive: true }), mkdir(join(folder, 'without'))]);
    await writeFile(join(managed, 'wardlock.json'), file?.text ?? '');

    const unnamed = [`http://127.0.0.1:${other.port}/other`, `http://localhost:${named.port}/name`];
    const addresses = [...unnamed, `${origin}/named`];
    const asked = (): readonly string[] => [...named.seen, ...other.seen].filter((one) => !one.endsWith('/favicon.ico')).toSorted();
    const everything = addresses.map((address) => address.replace('http://', '').replace('/', ' /')).toSorted();
    await browse(place, [join(folder, 'with'), join(folder, 'one'), ...addresses], () =>
      expect(named.seen).toContain(`127.0.0.1:${named.port} /favicon.ico`),
    );
    expect(asked()).toEqual([`127.0.0.1:${named.port} /named`]);
    expect(await readdir(folder), 'what a killed browser leaves, where it is taken away').toContainEqual(
      expect.stringContaining('org.chromium.Chromium.'),
    );

    named.seen.length = 0;
    await browse(place, [join(folder, 'without'), join(folder, 'two'), ...addresses], () => expect(asked()).toEqual(everything));
  } finally {
    for (const { server } of [named, other]) {
      server.closeAllConnections();
      server.close();
    }
    await display.close();
    await Promise.all([rm(folder, { recursive: true, force: true }), chromium.remove()]);
  }
});
