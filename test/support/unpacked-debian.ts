/**
 * Programs of Debian packages in a folder of their own. Application control and USB daemons are never installed for a test: their
 * packages start them, and they would shut this very machine.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Unpacked {
  readonly root: string;
  /** For LD_LIBRARY_PATH. */
  readonly libraries: string;
  readonly remove: () => Promise<void>;
}

/**
 * A package and what it needs and this machine lacks.
 * @throws where it can't be had: what it is needed to show is then not shown, and a test must say so by failing
 */
export async function unpackDebian(name: string): Promise<Unpacked> {
  const folder = await mkdtemp(join(tmpdir(), 'wl-debian-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const plan = await run('apt-get', ['install', '--simulate', '--no-install-recommends', name]);
    const missing = [...plan.stdout.matchAll(/^Inst (\S+)/gmu)].map(([, found = '']) => found);
    await run('apt-get', ['download', ...new Set([name, ...missing])], { cwd: folder });
    const root = join(folder, 'root');
    for (const file of await readdir(folder)) await run('dpkg-deb', ['-x', join(folder, file), root]);
    const { stdout } = await run('dpkg-architecture', ['-qDEB_HOST_MULTIARCH']).catch(() => run('gcc', ['-print-multiarch']));
    return { root, libraries: join(root, 'usr/lib', stdout.trim()), remove };
  } catch (cause) {
    await remove();
    throw new Error(`This test needs apt-get and Debian's package ${name}, which can't be had here.`, { cause });
  }
}
