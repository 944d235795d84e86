/**
 * A real agent as a process of its own, with the screens' and the syncer's side of its sockets held by the test. Owns the
 * process, its state folder and the connections, and ends all of them.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { restoreSettings } from '../../agent/os/restrictions/seat-restrictions.ts';
import type { AuditEvent } from '../../contract/events.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import { type SyncBoundary, syncBoundary } from '../../contract/sync.ts';
import { type UiBoundary, uiBoundary } from '../../contract/ui.ts';
import { deriveEpochKeys, openEntry, openEpochSecret, parseHeader } from '../../core/audit/index.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';
import { SiteDouble, type StaffMember } from './site-double.ts';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
/** The machine's own readers, if it has any, are none of a test's. */
const NO_READERS = ['--reader-socket', '/nonexistent/pcscd.comm'];
/** What the agent starts itself again with, without its caller's loader settings (a test's clock is one), unless it runs under it already. */
const AGENT_FLAGS: readonly string[] = ['--max-semi-space-size=1'];
const KIND_EPOCH = 2;
const PING_MS = 500;
const POLL_MS = 25;
const PATIENCE = 40;
/** Shorter than any test's own limit, which could not say what was seen instead. */
const SEEN_LIMIT_MS = 55_000;

/** How many of the last pictures a failure tells. */
const SHOWN = 12;

/** An agent's folder that other users may pass through to their sockets. */
const PASS_THROUGH = 0o711;

interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface NamedUser extends User {
  readonly name: string;
}

export interface Screens {
  readonly client: BoundaryClient<UiBoundary>;
  view(): SeatView;
  /** Resolves with the first picture, from now on or already there, that fits. */
  sees(what: (view: SeatView) => boolean): Promise<SeatView>;
  /** Types a PIN into the prompt that is there, or waits for it: a tap can be kept until a former session is gone. */
  pin(pin: string): Promise<void>;
  readonly web: string[];
  readonly closed: Promise<void>;
  /** Stops telling the agent that it lives, without closing. */
  freeze(): void;
  close(): void;
}

const inShort = ({ phase, prompt, message, truth }: SeatView): string =>
  [phase, prompt?.kind, message?.key, truth.enforcement.mode].filter(Boolean).join(' ');

export class SeatProcess {
  readonly folder: string;
  readonly site: SiteDouble;
  readonly #args: readonly string[];
  readonly #syncUser: User | null;
  #child: ChildProcess | null = null;
  #log = '';
  #open: { close(): void }[] = [];

  private constructor(folder: string, site: SiteDouble, args: readonly string[], syncUser: User | null) {
    this.folder = folder;
    this.site = site;
    this.#args = args;
    this.#syncUser = syncUser;
  }

  /** @param syncUser the user of the seat's syncer, where it has one of its own */
  static async create(args: readonly string[] = [], syncUser: NamedUser | null = null): Promise<SeatProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'wl-seat-'));
    if (syncUser === null) return new SeatProcess(folder, await SiteDouble.open(folder), args, null);
    await chmod(folder, PASS_THROUGH);
    return new SeatProcess(folder, await SiteDouble.open(folder), [...args, '--sync-user', syncUser.name], syncUser);
  }

  get state(): string {
    return join(this.folder, 'seat');
  }

  socket(name: 'ui' | 'sync' | 'cli'): string {
    return join(this.state, 'run', `${name}.sock`);
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** What the agent said on standard error. */
  get log(): string {
    return this.#log;
  }

  /** @param nodeFlags flags of Node; under its own, as here, the agent does not start itself a second time */
  async start(nodeFlags: readonly string[] = AGENT_FLAGS): Promise<void> {
    const child = spawn(
      process.execPath,
      [...nodeFlags, program, 'agent', '--state', this.state, '--no-keychain', '--json', ...NO_READERS, ...this.#args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    const ready = once(createInterface({ input: child.stdout }), 'line');
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the agent ended: ${this.#log}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => {});
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    try {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
      const gone = once(child, 'exit');
      // The signal first: an agent that hears its screens leave before it dies has a different story to tell.
      child.kill(signal);
      await gone;
      return child.exitCode;
    } finally {
      for (const one of this.#open.splice(0)) one.close();
    }
  }

  /** Acts while no thread of the agent runs. */
  async pausedFor(act: () => void): Promise<void> {
    const threads = `/proc/${this.pid}/task`;
    const stands = (thread: string): boolean => /^State:\tT/m.test(readFileSync(`${threads}/${thread}/status`, 'utf8'));
    this.#child?.kill('SIGSTOP');
    while (!readdirSync(threads).every(stands)) await new Promise((later) => setTimeout(later, 1));
    act();
    this.#child?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.stop();
    // What an agent changed that a test killed: nobody starts it again.
    await restoreSettings(this.state);
    await rm(this.folder, { recursive: true, force: true });
  }

  async syncer(onEnrol: (token: string) => void = () => {}): Promise<BoundaryClient<SyncBoundary>> {
    const client = await asUser(this.#syncUser, () =>
      connect({
        boundary: syncBoundary,
        path: this.socket('sync'),
        build: 'test-syncer',
        events: { enrol: ({ token }) => onEnrol(token), appended: () => {}, news: () => {} },
      }),
    );
    this.#open.push(client);
    return client;
  }

  /** @param user the user that the screens run as; only root can take another one's place */
  async screens(user: User | null = null): Promise<Screens> {
    const pictures: SeatView[] = [];
    const web: string[] = [];
    let look = (): void => {};
    let closed = (): void => {};
    const gone = new Promise<void>((done) => {
      closed = done;
    });
    const client = await patiently(() =>
      asUser(user, () =>
        connect({
          boundary: uiBoundary,
          path: this.socket('ui'),
          build: 'test-screens',
          events: {
            view: (view) => {
              pictures.push(view);
              look();
            },
            bar: () => undefined,
            web: ({ appId, action }) => web.push(`${action} ${appId}`),
          },
          onClosed: () => closed(),
        }),
      ),
    );
    pictures.unshift(client.welcome);
    const alive = setInterval(() => {
      client.request('ping', {}).catch(() => {});
      client.request('activity', { osIdleMs: 0, ownIdleMs: 0, nativeFront: false }).catch(() => {});
    }, PING_MS);
    const latest = (): SeatView => pictures.at(-1) ?? client.welcome;
    const screens: Screens = {
      client,
      web,
      closed: gone,
      view: latest,
      sees: (what) => {
        // Made here, so that its stack names the line that waits.
        const notSeen = new Error();
        return new Promise((done, fail) => {
          const late = setTimeout(() => {
            notSeen.message = `not seen in ${SEEN_LIMIT_MS} ms; shown last: ${pictures.slice(-SHOWN).map(inShort).join(', ')}; now ${JSON.stringify(latest())}`;
            fail(notSeen);
          }, SEEN_LIMIT_MS);
          look = () => {
            const view = latest();
            if (!what(view)) return;
            clearTimeout(late);
            done(view);
          };
          look();
        });
      },
      pin: async (pin) => {
        await screens.sees((view) => view.prompt?.kind === 'pin');
        await client.request('pin', { pin });
      },
      freeze: () => clearInterval(alive),
      close: () => {
        clearInterval(alive);
        client.close();
      },
    };
    this.#open.push(screens);
    return screens;
  }

  /** Enrols the seat and hands it a policy and staff, as a syncer would. */
  async furnish(
    staff: readonly StaffMember[],
    change: Parameters<SiteDouble['document']>[1] = {},
    user: User | null = null,
  ): Promise<BoundaryClient<SyncBoundary>> {
    const syncer = await this.enrol(user);
    const applied = await syncer.request('policy', { envelope: this.site.policy(this.site.document(1, change)) });
    if (applied.outcome !== 'applied') throw new Error(JSON.stringify(applied));
    const known = await syncer.request('directory', { sealed: await this.site.directory(1, staff) });
    if (known.outcome !== 'applied') throw new Error(JSON.stringify(known));
    return syncer;
  }

  async enrol(user: User | null = null): Promise<BoundaryClient<SyncBoundary>> {
    const asked = Promise.withResolvers<string>();
    const syncer = await this.syncer((token) => asked.resolve(token));
    const screens = await this.screens(user);
    await screens.client.request('enrol', { server: '127.0.0.1:1', token: this.site.token });
    await asked.promise;
    const { claim } = await syncer.request('enrolmentClaim', {
      tlsKeySha256: '0'.repeat(64),
      tokenId: tokenId(parseToken(this.site.token).secret),
    });
    await syncer.request('enrolled', { reply: this.site.enrol(claim) });
    screens.close();
    await screens.closed;
    return syncer;
  }

  /** The record up to the nth event of this type, decrypted; what may follow it is chance. */
  async recordUntil(syncer: BoundaryClient<SyncBoundary>, type: AuditEvent['type'], nth = 1): Promise<AuditEvent[]> {
    const limit = performance.now() + SEEN_LIMIT_MS;
    for (;;) {
      const events = await this.record(syncer);
      let left = nth;
      const found = events.findIndex((event) => event.type === type && --left === 0);
      if (found >= 0) return events.slice(0, found + 1);
      if (performance.now() > limit)
        throw new Error(`no ${type} no. ${nth} in the record: ${events.map((event) => event.type).join(', ')}`);
      await new Promise((later) => setTimeout(later, POLL_MS));
    }
  }

  /** The whole record as it is durable now, decrypted with the reader's key. */
  async record(syncer: BoundaryClient<SyncBoundary>): Promise<AuditEvent[]> {
    const head = await syncer.request('checkpoint', {});
    if (head === null) return [];
    const { incarnation, size } = head.position;
    const found: AuditEvent[] = [];
    let keys: ReturnType<typeof deriveEpochKeys> | undefined;
    for (let start = 0; start < size; ) {
      const { entries } = await syncer.request('entries', { incarnation, start, maxBytes: 100_000, maxEntries: 500 });
      for (const encoded of entries) {
        const entry = new Uint8Array(Buffer.from(encoded, 'base64'));
        const header = parseHeader(entry);
        if (header.kind === KIND_EPOCH) {
          const opened = openEpochSecret(nodeCrypto, entry, header, this.site.readerKey);
          if (opened.outcome !== 'opened') throw new Error(`epoch ${header.epoch} does not open`);
          keys = deriveEpochKeys(nodeCrypto, opened.secret, header);
        } else if (keys !== undefined) {
          const text = openEntry(keys, entry);
          if (text === undefined) throw new Error(`entry ${header.seq} does not open`);
          found.push(JSON.parse(text));
        }
      }
      start += entries.length;
    }
    return found;
  }
}

/** The kernel notes the user of a peer when it connects. */
async function asUser<T>(user: User | null, work: () => Promise<T>): Promise<T> {
  if (user === null || process.seteuid === undefined || process.setegid === undefined) return work();
  process.setegid(user.gid);
  process.seteuid(user.uid);
  try {
    return await work();
  } finally {
    process.seteuid(0);
    process.setegid(0);
  }
}

/** The agent notices a moment later that the former screens are gone. */
async function patiently<T>(work: () => Promise<T>, tries = PATIENCE): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (tries === 0 || !isWardlockError(failure) || failure.code !== 'IPC_TOO_MANY') throw failure;
    await new Promise((later) => setTimeout(later, POLL_MS));
    return patiently(work, tries - 1);
  }
}
