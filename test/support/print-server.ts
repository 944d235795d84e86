/**
 * A print server of its own for one test: the real cupsd on a socket below its own folder, with one queue that keeps what arrives as
 * files. No port, nothing of the machine's own CUPS; it ends with the test.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const QUEUE = 'tray';
/** Debian's user of the print server. */
const LP = 7;
/** Takes one job: its number, user and title are the first three arguments, its data the standard input. */
const BACKEND = `#!/bin/sh
[ $# -eq 0 ] && exit 0
tray=\${DEVICE_URI#tray:}
cat "\${6:-/dev/stdin}" > "$tray/$1.part" && echo "$2 $3" > "$tray/$1.title" && mv "$tray/$1.part" "$tray/$1.pdf"
`;

export interface PrintServer {
  /** For the environment of whoever prints: CUPS_SERVER. */
  readonly socket: string;
  /** What came out, as text, and the user and title of each job. */
  printed(): Promise<readonly { readonly text: string; readonly job: string }[]>;
  /** The queue is there and takes jobs; is there and takes none; is not there. */
  queue(state: 'accepting' | 'rejecting' | 'none'): Promise<void>;
  /** It answers nobody, and goes on. */
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

export async function startPrintServer(): Promise<PrintServer> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-print-'));
  const at = (...names: readonly string[]): string => join(folder, ...names);
  await chmod(folder, 0o755);
  for (const name of ['etc', 'spool', 'cache', 'state', 'log', 'tray']) await mkdir(at(name), { mode: 0o755 });
  for (const name of ['spool', 'cache', 'state', 'tray']) await chown(at(name), LP, LP);
  await cp('/usr/lib/cups', at('bin'), { recursive: true });
  await writeFile(at('bin', 'backend', 'tray'), BACKEND);
  await chmod(at('bin', 'backend', 'tray'), 0o755);
  const files = `ServerRoot ${at('etc')}
ServerBin ${at('bin')}
StateDir ${at('state')}
CacheDir ${at('cache')}
RequestRoot ${at('spool')}
TempDir ${at('spool')}
ErrorLog ${at('log', 'error')}
AccessLog ${at('log', 'access')}
PageLog ${at('log', 'page')}
`;
  await writeFile(at('etc', 'cups-files.conf'), files);
  const socket = at('state', 'cups.sock');
  const rules = `Listen ${socket}
Browsing Off
WebInterface No
DefaultAuthType None
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`;
  await writeFile(at('etc', 'cupsd.conf'), rules);
  const child = spawn('/usr/sbin/cupsd', ['-f', '-c', at('etc', 'cupsd.conf'), '-s', at('etc', 'cups-files.conf')], { stdio: 'ignore' });
  const ask = (command: string, ...args: readonly string[]) =>
    run(command, args, { env: { PATH: '/usr/sbin:/usr/bin:/bin', CUPS_SERVER: socket, LC_ALL: 'C' } });
  await answers(child, async () => (await ask('lpstat', '-r')).stdout.includes('is running'));
  return {
    socket,
    async printed() {
      const names = (await readdir(at('tray'))).filter((name) => name.endsWith('.pdf')).sort();
      return Promise.all(
        names.map(async (name) => ({
          text: (await run('pdftotext', [at('tray', name), '-'])).stdout,
          job: (await readFile(at('tray', name.replace(/pdf$/, 'title')), 'utf8')).trim(),
        })),
      );
    },
    async queue(state) {
      if (state === 'none') return void (await ask('lpadmin', '-x', QUEUE));
      await ask('lpadmin', '-p', QUEUE, '-v', `tray:${at('tray')}`, '-E', '-m', 'raw');
      await ask('lpadmin', '-d', QUEUE);
      await ask(state === 'accepting' ? 'cupsaccept' : 'cupsreject', QUEUE);
    },
    hold: () => void child.kill('SIGSTOP'),
    release: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Until it does, or has ended. */
async function answers(child: ChildProcess, asked: () => Promise<boolean>): Promise<void> {
  while (!(await asked().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`cupsd ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
